const STEP = 20 // thousandths that an arrow key moves the patch; with Shift four times as many
const REST_MS = 350 // without a key or a change of size the patch rests
const PATIENCE_MS = 3000 // an answer that has not come by then is asked for again

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const { words } = data
  memory.send = (at) => setTriggerValue("moved", at)
  if (!memory.parts) memory.parts = build(root, memory)
  const { image, patch, slider, board } = memory.parts
  if (memory.src !== data.src) {
    // Another image (or the page was opened anew): the server says where the patch is.
    Object.assign(memory, { src: data.src, at: { ...data.at }, asked: null, waiting: false })
  }
  memory.heat = data.heat
  memory.parts.heat.hidden = !data.heat
  memory.parts.heat.textContent = words.heat
  memory.show()
  memory.aspect = data.aspect
  memory.sizes = data.sizes
  image.alt = words.label
  patch.setAttribute("aria-label", words.patch)
  ;[slider.min, slider.max] = data.sizes
  slider.setAttribute("aria-label", words.size)
  memory.parts.sizeName.textContent = words.size
  memory.parts.hint.textContent = words.hint
  patch.style.background = data.colour
  fill(memory.parts, data)
  place(memory)
  memory.decide()
  const same = (a, b) => a && b && ["row", "column", "size"].every((name) => a[name] === b[name])
  board.dataset.answered = Object.values(data.answered).join()
  if (memory.waiting && same(memory.asked, data.answered)) {
    memory.waiting = false
    board.dataset.latency = Math.round(performance.now() - memory.askedAt)
    clearTimeout(memory.patience)
    ask(memory) // it may have been moved on meanwhile
  }
  return atTheEnd(memory, () => {
    clearTimeout(memory.patience)
    clearTimeout(memory.rest)
  })
}

// Made once, so that a drag goes on while answers arrive.
const build = (root, memory) => {
  const image = make("img", { draggable: "false" })
  const patch = make("div", { class: "patch", tabindex: "0", role: "application", "data-testid": "patch" })
  const stage = make("div", { class: "stage", "data-testid": "patch-stage" }, image, patch)
  const slider = make("input", { type: "range", step: 10, "data-testid": "patch-size" })
  const sizeName = make("span")
  const heat = make("button", { type: "button", class: "pill", "data-testid": "patch-heat" })
  const hint = make("div", { class: "hint" })
  const sentence = make("p", { class: "sentence", "aria-live": "polite", "data-testid": "patch-sentence" })
  const legend = make("div", { class: "legend" })
  const bars = make("div", { "data-testid": "patch-bars" })
  const board = make("div", { class: "board", "data-testid": "patch-board" },
    make("div", {}, stage, make("div", { class: "size" }, sizeName, slider, heat), hint),
    make("div", {}, sentence, legend, bars))
  memory.decide = crispWhenEnlarged(image)
  memory.show = () => {
    const wanted = memory.heated && memory.heat ? memory.heat : memory.src
    if (image.getAttribute("src") !== wanted) image.src = wanted
    heat.setAttribute("aria-pressed", String(Boolean(memory.heated)))
  }
  heat.onclick = () => {
    memory.heated = !memory.heated
    memory.show()
  }
  root.replaceChildren(board)

  const to = (event) => {
    const box = stage.getBoundingClientRect()
    return [1000 * (event.clientY - box.top) / box.height, 1000 * (event.clientX - box.left) / box.width]
  }
  const move = (row, column, rests) => {
    const hold = (value) => Math.round(Math.min(1000, Math.max(0, value)))
    Object.assign(memory.at, { row: hold(row), column: hold(column) })
    place(memory)
    ask(memory, rests)
  }
  stage.onpointerdown = (event) => {
    if (event.button) return
    const [row, column] = to(event)
    const inside = event.target === patch
    if (!inside && event.pointerType === "touch") return // it may be the beginning of a scroll
    event.preventDefault()
    memory.grip = inside ? [memory.at.row - row, memory.at.column - column] : [0, 0]
    memory.pointer = event.pointerId
    stage.setPointerCapture(event.pointerId)
    patch.focus({ preventScroll: true })
    if (!inside) move(row, column, false)
  }
  stage.onpointermove = (event) => {
    if (memory.pointer !== event.pointerId) return
    const [row, column] = to(event)
    move(row + memory.grip[0], column + memory.grip[1], false)
  }
  stage.onpointerup = stage.onpointercancel = (event) => {
    if (memory.pointer !== event.pointerId) return
    memory.pointer = null
    ask(memory, true)
  }
  stage.onclick = (event) => { // a tap of a finger
    if (event.target !== patch && event.pointerType === "touch") move(...to(event), true)
  }
  const restSoon = () => {
    clearTimeout(memory.rest)
    memory.rest = setTimeout(() => ask(memory, true), REST_MS)
  }
  const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }
  patch.onkeydown = (event) => {
    const step = STEP * (event.shiftKey ? 4 : 1)
    if (event.key in arrows) {
      const [down, right] = arrows[event.key]
      move(memory.at.row + step * down, memory.at.column + step * right, false)
    } else if (event.key === "+" || event.key === "-") {
      resize(memory.at.size + (event.key === "+" ? STEP : -STEP))
    } else return
    event.preventDefault()
    restSoon()
  }
  const resize = (size) => {
    memory.at.size = Math.min(memory.sizes[1], Math.max(memory.sizes[0], Math.round(size)))
    place(memory)
    ask(memory, false)
  }
  slider.oninput = () => {
    resize(Number(slider.value))
    restSoon()
  }
  return { image, patch, slider, sizeName, heat, hint, sentence, legend, bars, board, stage }
}

// The patch as the network will see it: cut off at the image's edges.
const place = ({ at, aspect, parts }) => {
  const [high, wide] = [aspect > 1 ? at.size : at.size * aspect, aspect > 1 ? at.size / aspect : at.size]
  const [top, left] = [Math.max(0, at.row - high / 2), Math.max(0, at.column - wide / 2)]
  const [bottom, right] = [Math.min(1000, at.row + high / 2), Math.min(1000, at.column + wide / 2)]
  Object.assign(parts.patch.style, { top: `${top / 10}%`, left: `${left / 10}%`,
    height: `${(bottom - top) / 10}%`, width: `${(right - left) / 10}%` })
  parts.slider.value = at.size
}

// One question at a time, and always about where the patch is now: no queue can build up.
const ask = (memory, rests = false) => {
  const now = `${memory.at.row},${memory.at.column},${memory.at.size}`
  memory.rests = memory.rests || rests
  if (memory.waiting) return
  if (memory.last === now && !(memory.rests && memory.kept !== now)) return void (memory.rests = false)
  if (memory.rests) memory.kept = now
  Object.assign(memory, { waiting: true, last: now, asked: { ...memory.at }, askedAt: performance.now() })
  memory.send({ ...memory.at, rests: memory.rests })
  memory.rests = false
  clearTimeout(memory.patience)
  memory.patience = setTimeout(() => {
    Object.assign(memory, { waiting: false, last: null })
    ask(memory)
  }, PATIENCE_MS)
}

const fill = ({ sentence, legend, bars }, data) => {
  const { words } = data
  if (sentence.textContent !== data.sentence) sentence.textContent = data.sentence
  legend.replaceChildren(...[["was", words.before], ["is", words.after]].map(([kind, name]) =>
    make("span", {}, make("i", { class: kind }), name)))
  const names = data.bars.map((bar) => bar.name).join("\n")
  if (bars.dataset.names !== names) { // else the bars only change their length, and can glide
    bars.dataset.names = names
    bars.replaceChildren(...data.bars.map((bar, i) => make("div", { class: "bar", "data-testid": `patch-bar-${i}` },
      make("div", { class: "names" }, make("span", { class: bar.marked ? "marked" : "" }, bar.name),
        make("span", { class: "figures" }, make("span"), " → ", make("b"))),
      make("div", { class: "track" }, make("span", { class: "is" }), make("span", { class: "was" })))))
  }
  data.bars.forEach((bar, i) => {
    const row = bars.children[i]
    row.querySelector(".figures span").textContent = bar.before_text
    row.querySelector(".figures b").textContent = bar.after_text
    row.querySelector(".was").style.width = `${100 * bar.before}%`
    row.querySelector(".is").style.width = `${100 * bar.after}%`
  })
}
