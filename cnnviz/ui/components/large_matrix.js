export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const { names, words } = data
  const n = names.length
  const [rows, columns] = [unpack(data.rows, Uint16Array), unpack(data.columns, Uint16Array)]
  const counts = unpack(data.counts, Uint32Array)
  const totals = unpack(data.totals, Uint32Array)
  const order = unpack(data.order, Uint16Array)
  const place = new Uint16Array(n)
  order.forEach((c, i) => { place[c] = i })
  const share = Float64Array.from(counts, (count, i) =>
    count / Math.max(1, totals[(data.shares === "column" ? columns : rows)[i]]))
  let worst = 1e-9
  share.forEach((s, i) => { if (rows[i] !== columns[i]) worst = Math.max(worst, s) })
  const isError = (i) => rows[i] !== columns[i]
  // The strongest last, so that they lie on top where a pixel holds several cells.
  const drawn = Array.from(share.keys()).sort((a, b) => isError(a) - isError(b) || share[a] - share[b])
  const ranked = drawn.filter(isError).sort((a, b) => counts[b] - counts[a])
  const view = memory.view ??= { x: 0, y: 0, zoom: 1 }
  memory.at = null

  const open = make("button", { class: "pill main", type: "button", "data-testid": "matrix-open",
    onclick: () => memory.at !== null && choose(memory.at) }, words.open)
  const text = make("span", {}, data.hint)
  const sentence = make("div", { class: "sentence idle", "aria-live": "polite",
    "data-testid": "matrix-sentence" }, text)
  const canvas = make("canvas", { tabindex: "0", role: "img", "aria-label": words.label,
    "data-testid": "large-matrix" })
  const tool = (sign, label, act) => make("button", { class: "pill", type: "button",
    "aria-label": label, title: label, onclick: act }, sign)
  const middle = () => [side() / 2, side() / 2]
  const tools = make("div", { class: "tools" },
    tool("+", words.closer, () => zoomAt(...middle(), 1.8)),
    tool("−", words.farther, () => zoomAt(...middle(), 1 / 1.8)),
    tool("⤢", words.whole, () => { Object.assign(view, { x: 0, y: 0, zoom: 1 }); redraw() }))
  const sheet = make("div", { class: "sheet" }, canvas, tools)
  root.replaceChildren(sentence, sheet, make("div", { class: "axes" },
    make("span", {}, `${data.trueTitle} ↓`), make("span", {}, `${data.predictedTitle} →`)))

  const side = () => canvas.clientWidth || 1
  const size = () => (side() / n) * view.zoom // of a cell, in CSS pixels
  const hold = () => {
    view.zoom = Math.min(Math.max(view.zoom, 1), Math.max(1, n / 6))
    const most = n - n / view.zoom
    view.x = Math.min(Math.max(view.x, 0), most)
    view.y = Math.min(Math.max(view.y, 0), most)
  }
  const zoomAt = (x, y, factor) => {
    const [cx, cy] = [view.x + x / size(), view.y + y / size()]
    view.zoom *= factor
    hold()
    view.x = cx - x / size()
    view.y = cy - y / size()
    redraw()
  }
  const redraw = () => {
    hold()
    memory.waiting ??= requestAnimationFrame(() => { memory.waiting = null; draw() })
  }

  const draw = () => {
    const ratio = window.devicePixelRatio || 1
    const wide = side()
    canvas.width = canvas.height = Math.round(wide * ratio)
    sheet.classList.toggle("near", view.zoom > 1.01)
    const pen = canvas.getContext("2d")
    const style = getComputedStyle(root)
    const [ink, paper] = [style.color, style.getPropertyValue("--st-background-color").trim()]
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    pen.clearRect(0, 0, wide, wide)
    const s = size()
    const least = Math.max(s - (s > 6 ? 1 : 0), 1.6)
    for (const i of drawn) {
      const [x, y] = [(place[columns[i]] - view.x) * s, (place[rows[i]] - view.y) * s]
      if (x < -s || y < -s || x > wide || y > wide) continue
      // Square roots: one error among a thousand is still to be seen.
      const strength = isError(i) ? 0.16 + 0.84 * Math.sqrt(share[i] / worst) : 0.12 + 0.6 * share[i]
      pen.fillStyle = `rgba(${isError(i) ? "217,72,15" : "63,111,196"},${strength.toFixed(3)})`
      pen.fillRect(x, y, least, least)
      if (s >= 20) {
        pen.fillStyle = strength > 0.6 ? "#fff" : ink
        pen.font = `${Math.min(16, 0.42 * s)}px ${style.fontFamily}`
        Object.assign(pen, { textAlign: "center", textBaseline: "middle" })
        pen.fillText(inCell(i), x + s / 2, y + s / 2)
      }
    }
    if (memory.at !== null) {
      const [x, y] = [(place[columns[memory.at]] - view.x) * s, (place[rows[memory.at]] - view.y) * s]
      const box = Math.max(s, 9)
      Object.assign(pen, { strokeStyle: ink, lineWidth: 2 })
      pen.strokeRect(x + s / 2 - box / 2, y + s / 2 - box / 2, box, box)
    }
    if (s >= 14) labels(pen, s, wide, ink, paper, style.fontFamily)
    canvas.dataset.ready = "true"
  }
  const inCell = (i) => data.shares === "count" ? counts[i]
    : 100 * share[i] < 0.5 ? "<1" : (100 * share[i]).toFixed(0)
  const labels = (pen, s, wide, ink, paper, font) => {
    const last = Math.min(n - 1, Math.floor(view.x + wide / s))
    Object.assign(pen, { font: `13px ${font}`, textBaseline: "middle", textAlign: "left" })
    const write = (name) => {
      const short = name.length > 18 ? `${name.slice(0, 17)}…` : name
      pen.globalAlpha = 0.82
      pen.fillStyle = paper
      pen.fillRect(0, -8, pen.measureText(short).width + 8, 16)
      pen.globalAlpha = 1
      pen.fillStyle = ink
      pen.fillText(short, 4, 0)
    }
    for (let r = Math.ceil(view.y); r <= Math.min(n - 1, view.y + wide / s - 0.5); r++) {
      pen.save()
      pen.translate(0, (r - view.y + 0.5) * s)
      write(names[order[r]])
      pen.restore()
    }
    for (let c = Math.ceil(view.x); c <= last; c++) {
      if ((c - view.x) * s < 120) continue // the names of the rows stand there
      pen.save()
      pen.translate((c - view.x + 0.5) * s, wide)
      pen.rotate(-Math.PI / 2)
      write(names[order[c]])
      pen.restore()
    }
  }

  const read = (i, withButton) => {
    if (memory.at === i && !withButton) return
    memory.at = i
    text.textContent = i === null ? data.hint : filled(
      isError(i) ? data.errorSentence : data.rightSentence, {
        images: counted(data.images, counts[i]), true: names[rows[i]], predicted: names[columns[i]],
        share: data.percent.replace("{number}", (100 * share[i]).toFixed(1)) })
    sentence.classList.toggle("idle", i === null)
    sentence.replaceChildren(text, ...(withButton && i !== null ? [open] : []))
    redraw()
  }
  const choose = (i) => setTriggerValue("clicked", [rows[i], columns[i]])
  // The cell near the pointer. Where a pixel holds several, common mix-ups attract: it is they that
  // are seen and meant.
  const near = (x, y) => {
    const s = size()
    const reach = Math.max(s / 2, 6)
    let [best, at] = [Infinity, null]
    for (let i = 0; i < counts.length; i++) {
      const dx = Math.abs((place[columns[i]] - view.x + 0.5) * s - x)
      const dy = Math.abs((place[rows[i]] - view.y + 0.5) * s - y)
      if (dx > reach || dy > reach) continue
      const pull = isError(i) ? 5 * Math.sqrt(share[i] / worst) : 0
      const distance = s > 12 ? Math.max(dx, dy) : Math.hypot(dx, dy) - pull
      if (distance < best) [best, at] = [distance, i]
    }
    return at
  }
  // Where a class's cell is on the screen; tests click there.
  canvas.cellPosition = (t, p) => {
    const box = canvas.getBoundingClientRect()
    return { x: box.x + (place[p] - view.x + 0.5) * size(), y: box.y + (place[t] - view.y + 0.5) * size() }
  }
  let hand = null
  canvas.onpointerdown = (event) => {
    hand = { x: event.offsetX, y: event.offsetY, viewX: view.x, viewY: view.y, moved: false }
    if (view.zoom > 1.01) canvas.setPointerCapture(event.pointerId)
  }
  canvas.onpointermove = (event) => {
    if (hand && view.zoom > 1.01) {
      const [dx, dy] = [event.offsetX - hand.x, event.offsetY - hand.y]
      hand.moved ||= Math.hypot(dx, dy) > 5
      if (hand.moved) {
        view.x = hand.viewX - dx / size()
        view.y = hand.viewY - dy / size()
        redraw()
        return
      }
    }
    if (event.pointerType === "mouse") read(near(event.offsetX, event.offsetY), false)
  }
  canvas.onpointerup = (event) => {
    const moved = hand?.moved
    hand = null
    if (moved) return
    const i = near(event.offsetX, event.offsetY)
    if (event.pointerType !== "mouse") read(i, true)
    else if (i !== null) choose(i)
  }
  canvas.onpointercancel = () => { hand = null }
  canvas.onpointerleave = (event) => { if (event.pointerType === "mouse") read(null, false) }
  canvas.ondblclick = (event) => event.preventDefault()
  canvas.onwheel = (event) => {
    if (!event.ctrlKey && !event.metaKey) return // a plain wheel moves the page
    event.preventDefault()
    zoomAt(event.offsetX, event.offsetY, Math.exp(-event.deltaY / 300))
  }
  canvas.onkeydown = (event) => { // the mix-ups one after the other, the commonest first
    const at = memory.at === null ? -1 : ranked.indexOf(memory.at)
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (step && ranked.length) {
      event.preventDefault()
      read(ranked[Math.min(Math.max(at + step, 0), ranked.length - 1)], true)
    } else if (event.key === "Enter" && memory.at !== null) choose(memory.at)
  }
  memory.observer?.disconnect()
  memory.observer = new ResizeObserver(redraw)
  memory.observer.observe(canvas)
  return atTheEnd(memory, () => memory.observer.disconnect())
}
