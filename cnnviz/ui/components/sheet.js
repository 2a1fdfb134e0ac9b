const EDGE = 5 // the coloured edge under an image
const NAME = 20 // and the name
const HEADING = 38
const AHEAD = 300 // pixels above and below what is seen that are drawn too

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const [trues, calleds, shares] = [data.true, data.called, data.shares]
    .map((text) => unpack(text, Uint16Array))
  const marked = new Set(data.marked)
  const held = root.contains(parentElement.activeElement ?? root.getRootNode().activeElement)
  const scrolled = memory.box?.scrollTop ?? 0
  const pictures = loaded(memory, data.sprites, () => shown.forEach((line) => line.paint?.()))

  const all = make("div", { class: "all" })
  const box = make("div", { class: "box", role: "group", "aria-label": data.label,
    "data-testid": "sheet" }, all)
  const [gap, below] = data.named ? [8, EDGE + NAME] : [4, EDGE]
  const shown = new Map() // number of a line → its element
  let lines = []
  let columns = 1
  let side = data.side
  if (memory.selected !== data.selected && data.selected !== null) memory.current = data.selected
  memory.current = Math.min(memory.current ?? 0, data.count - 1)

  const share = (i) => (shares[i] % 10 ? (shares[i] / 10).toFixed(1) : String(shares[i] / 10))
  const says = (i) => {
    const words = { true: data.names[trues[i]], called: data.names[calleds[i]],
      share: filled(data.shareText, { n: share(i) }) }
    const text = filled(trues[i] === calleds[i] ? data.rightSays : data.says, words)
    return marked.has(i) ? `${text}, ${data.markedText}` : text
  }
  const tile = (i) => {
    const canvas = make("canvas")
    const text = says(i)
    const element = make("button", { type: "button", class: `tile ${marked.has(i) ? "marked" : ""}`,
      "data-testid": `tile-${i}`, title: text, "aria-label": text,
      "aria-pressed": String(i === data.selected), tabindex: i === memory.current ? "0" : "-1",
      style: `--colour:${data.colours[calleds[i]]}`,
      onclick: () => {
        memory.current = i
        setTriggerValue("clicked", i)
      } },
    make("span", { class: "picture" }, canvas), make("span", { class: "edge" }),
    ...(data.named ? [make("span", { class: "name" }, data.names[calleds[i]])] : []))
    return { element, paint: () => pictures.paint(canvas, i, side) }
  }

  // Lines of equal heights are laid out by arithmetic; only those that are seen exist.
  const layOut = () => {
    const room = box.clientWidth - 12
    if (room <= 0) return
    const least = Math.min(data.side, Math.floor((room - 3 * gap) / 4))
    columns = Math.max(1, Math.floor((room + gap) / (least + gap)))
    side = Math.floor((room + gap) / columns) - gap // rows are filled
    all.style.cssText = `--side:${side}px;--gap:${gap}px`
    const heads = new Map(data.headings)
    lines = []
    let top = 0
    for (let i = 0; i < data.count;) {
      if (heads.has(i)) {
        lines.push({ top, text: heads.get(i) })
        top += HEADING
      }
      let end = Math.min(i + columns, data.count)
      for (let k = i + 1; k < end; k++) if (heads.has(k)) end = k
      lines.push({ top, start: i, end })
      top += side + below + gap
      i = end
    }
    all.style.height = `${top}px`
    shown.forEach((line) => line.element.remove())
    shown.clear()
    draw()
  }
  const made = ({ top, text, start, end }) => {
    if (text !== undefined) {
      const element = make("div", { class: "line heading", role: "heading", "aria-level": "4",
        style: `top:${top}px;height:${HEADING}px` }, text)
      return { element }
    }
    const tiles = Array.from({ length: end - start }, (_, k) => tile(start + k))
    const element = make("div", { class: "line", style: `top:${top}px` },
      ...tiles.map((one) => one.element))
    return { element, paint: () => tiles.forEach((one) => one.paint()) }
  }
  const draw = () => {
    const [from, to] = [box.scrollTop - AHEAD, box.scrollTop + box.clientHeight + AHEAD]
    lines.forEach((line, number) => {
      const seen = line.top < to && line.top + side + below > from
      if (!seen && shown.has(number) && !shown.get(number).element.contains(focused())) {
        shown.get(number).element.remove()
        shown.delete(number)
      } else if (seen && !shown.has(number)) {
        const one = made(line)
        shown.set(number, one)
        all.append(one.element)
        one.paint?.()
      }
    })
    box.dataset.columns = columns
  }
  const focused = () => root.getRootNode().activeElement
  const bring = (i) => {
    const line = lines.find(({ start, end }) => start <= i && i < end)
    if (!line) return
    const bottom = line.top + side + below
    if (line.top < box.scrollTop) box.scrollTop = line.top - HEADING
    else if (bottom > box.scrollTop + box.clientHeight - 12) {
      box.scrollTop = bottom - box.clientHeight + 12
    }
    draw()
  }
  const focus = (i) => {
    box.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1")
    memory.current = i
    bring(i)
    const button = box.querySelector(`[data-testid="tile-${i}"]`)
    button?.setAttribute("tabindex", "0")
    button?.focus({ preventScroll: true })
  }
  box.onscroll = draw
  box.onfocusin = (event) => {
    memory.current = Number(event.target.dataset.testid?.slice(5) ?? memory.current)
  }
  box.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    // With an image open, left and right step through the list.
    const sideways = data.selected === null ? { ArrowRight: 1, ArrowLeft: -1 } : {}
    const step = { ...sideways, ArrowDown: columns, ArrowUp: -columns, Home: -data.count,
      End: data.count }[event.key]
    if (!step) return
    event.preventDefault()
    event.stopPropagation()
    focus(Math.max(0, Math.min(data.count - 1, memory.current + step)))
  }
  root.replaceChildren(box)
  memory.box = box
  layOut()
  box.scrollTop = scrolled
  draw()
  if (memory.selected !== data.selected && data.selected !== null) bring(data.selected)
  memory.selected = data.selected
  if (held) focus(memory.current)
  memory.observer?.disconnect()
  let width = box.clientWidth
  memory.observer = new ResizeObserver(() => {
    if (box.clientWidth === width) return
    width = box.clientWidth
    layOut()
  })
  memory.observer.observe(box)
  box.dataset.ready = "true"
  return atTheEnd(memory, () => memory.observer.disconnect())
}

// The sprites' files, and a way to cut an image out of them. A canvas whose file is still on its
// way is painted by `ready`.
const loaded = (memory, sprites, ready) => {
  memory.images ??= new Map()
  const starts = []
  let count = 0
  for (const sprite of sprites) {
    starts.push(count)
    count += sprite.count
  }
  const kept = new Map()
  for (const { src } of sprites) {
    const image = memory.images.get(src) ?? new Image()
    kept.set(src, image)
    if (!image.src) image.src = src
    if (!image.complete) image.addEventListener("load", ready)
  }
  memory.images = kept
  const paint = (canvas, i, side) => {
    const number = starts.findLastIndex((start) => start <= i)
    const { src, columns, width, height } = sprites[number]
    const image = kept.get(src)
    if (!image.complete || !image.naturalWidth) return
    const [row, column] = [Math.floor((i - starts[number]) / columns), (i - starts[number]) % columns]
    canvas.width = width
    canvas.height = height
    canvas.style.imageRendering = side >= 1.8 * width ? "pixelated" : "auto"
    canvas.getContext("2d").drawImage(image, column * width, row * height, width, height, 0, 0,
      width, height)
    canvas.dataset.painted = "true"
  }
  return { paint }
}
