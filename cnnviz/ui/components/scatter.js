const SMALLEST_LASSO = 12 // pixels; a shorter line was a click

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const { words } = data
  const target = Float32Array.from(unpack(data.points, Uint16Array), (v) => v / 65535)
  const labels = unpack(data.labels, Uint16Array)
  const predicted = data.predicted ? unpack(data.predicted, Uint16Array) : labels
  const n = labels.length
  const own = data.own.map((one) => ({ ...one, at: one.at.map((v) => v / 65535) }))

  // What points are coloured and switched off by: their classes or other groups.
  const groups = data.groups ? { ...data.groups, values: unpack(data.groups.values, Uint16Array) }
    : { names: data.names, colours: data.colours, values: labels }
  const levels = data.values ? unpack(data.values, Uint8Array) : null
  const colours = levels
    ? [...between(data.scale.colours, data.scale.levels), data.scale.unknown] : groups.colours
  const colourOf = levels ?? groups.values

  // Other images: what was chosen or pointed at among the last ones means nothing any more.
  if (memory.images !== data.labels) Object.assign(memory, { images: data.labels, chosen: null, over: null })
  if (memory.grouping !== groups.names.join("\n")) {
    Object.assign(memory, { grouping: groups.names.join("\n"), hidden: new Set() })
  }
  const told = JSON.stringify(data.chosen)
  if (data.chosen && memory.told !== told) memory.chosen = data.chosen.length ? new Set(data.chosen) : null
  memory.told = told
  memory.view ??= { x: 0.5, y: 0.5, zoom: 1 }
  memory.hand ??= { fingers: new Map(), moved: 0, line: null }
  const { view, hand, hidden } = memory
  const wanted = (i) => !hidden.has(groups.values[i])

  memory.parts ??= build()
  const { canvas, head, above, heard, whole } = memory.parts
  if (whole[0].parentNode !== root) root.replaceChildren(...whole)
  canvas.setAttribute("aria-label", `${data.label}. ${words.keys}`)
  canvas.style.height = `min(${data.height}px, 110vw)`
  const thumb = make("canvas", { "data-testid": "scatter-thumb" })
  const caption = make("div")
  const card = make("div", { class: "card", "data-testid": "scatter-card" }, thumb, caption)
  const pill = (testid, text, onclick) =>
    make("button", { class: "pill", type: "button", "data-testid": testid, onclick }, text)
  const all = pill("scatter-reset", words.reset, () => home())
  const pencil = pill("scatter-lasso", words.lasso, () => lassoMode(!memory.drawing))
  const clear = pill("scatter-clear", words.clear, () => choose(null))
  const counted = make("span", { "data-testid": "scatter-chosen" })
  const chosenBar = make("div", { class: "chosen" }, counted, clear)
  const hint = make("div", { class: "hint" }, words.lassoHint)
  const tools = make("div", { class: "tools" }, ...(data.lasso ? [pencil] : []), all)
  const legend = make("div", { class: "legend", "data-testid": "scatter-legend" },
    ...groups.names.map((name, c) => {
      const key = make("button", { class: levels ? "key plain" : "key", type: "button",
        style: `--colour:${groups.colours[c]}`, "aria-pressed": String(!hidden.has(c)),
        "data-testid": `class-${c}`, onclick: () => {
          if (!hidden.delete(c)) hidden.add(c)
          key.setAttribute("aria-pressed", String(!hidden.has(c)))
          memory.centres = null
          redraw()
        } }, make("i"), name)
      return key
    }))
  const gradient = colours.slice(0, data.scale.levels).filter((_, k) => k % 9 === 0).join()
  const scale = levels ? [make("div", { class: "scale", "data-testid": "scatter-scale" },
    make("span", {}, data.legend[0]), make("i", { style: `background:linear-gradient(90deg,${gradient})` }),
    make("span", {}, data.legend[1]),
    ...(levels.includes(data.scale.levels)
      ? [make("b", { style: `background:${data.scale.unknown}` }), make("span", {}, words.unknown)] : []))] : []
  const focused = parentElement.activeElement?.dataset?.testid
  head.replaceChildren(...scale, legend)
  above.replaceChildren(tools, chosenBar, hint, card)
  if (focused && focused !== "scatter") {
    root.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true })
  }

  const { frame, toScreen, toMap, pointOnScreen, radius, draw } = painterOf(memory,
    { data, root, n, labels, predicted, groups, colours, colourOf, own, wanted })
  memory.draw = (whole) => {
    draw(whole)
    tools.classList.toggle("home", !(view.zoom > 1.01 || view.x !== 0.5 || view.y !== 0.5))
  }
  const redraw = (whole = true) => {
    memory.whole = memory.whole || whole
    memory.waiting ??= requestAnimationFrame(() => {
      const points = memory.whole
      Object.assign(memory, { waiting: null, whole: false })
      memory.draw(points)
    })
  }

  const nearest = (x, y) => {
    memory.near ??= nearIndex(memory.at)
    return memory.near(...toMap(x, y), (radius() + 7) / (view.zoom * frame.side), wanted)
  }
  const showThumb = () => {
    const i = memory.over
    if (i === null || i === undefined || !memory.sheets) return
    thumb.dataset.index = memory.sheets.draw(i, thumb) ? i : ""
  }
  memory.arrived = showThumb
  const point = (i) => {
    const before = memory.over
    memory.over = i
    canvas.classList.toggle("over", i !== null)
    card.style.display = i === null ? "none" : "block"
    if (before !== i) redraw(false)
    if (i === null) return
    const same = predicted[i] === labels[i]
    caption.textContent = filled(same ? data.rightText : data.wrongText,
      { true: data.names[labels[i]], predicted: data.names[predicted[i]] })
    thumb.style.display = data.sprite ? "block" : "none"
    if (data.sprite) {
      const { width, height } = data.sprite
      if (thumb.width !== width || thumb.height !== height || before !== i) Object.assign(thumb, { width, height })
      const scale = Math.max(1, Math.round(132 / Math.max(width, height)))
      thumb.style.width = `${width * scale}px`
      thumb.style.imageRendering = scale > 1 ? "pixelated" : "auto"
      showThumb()
    }
    const [x, y] = pointOnScreen(i)
    const [cardWide, cardHigh] = [card.offsetWidth, card.offsetHeight]
    const left = x + 18 + cardWide > frame.wide ? x - 18 - cardWide : x + 18
    card.style.left = `${Math.max(4, Math.min(left, frame.wide - cardWide - 4))}px`
    card.style.top = `${Math.min(Math.max(4, y - cardHigh / 2), frame.high - cardHigh - 4)}px`
  }
  const moved = () => {
    view.x = Math.min(1, Math.max(0, view.x))
    view.y = Math.min(1, Math.max(0, view.y))
    point(null)
    redraw()
  }
  const zoomAt = (x, y, factor) => {
    const before = toMap(x, y)
    view.zoom = Math.min(60, Math.max(1, view.zoom * factor))
    const after = toMap(x, y)
    view.x += before[0] - after[0]
    view.y += before[1] - after[1]
    if (view.zoom === 1) Object.assign(view, { x: 0.5, y: 0.5 })
    moved()
  }
  const home = () => {
    Object.assign(view, { x: 0.5, y: 0.5, zoom: 1 })
    moved()
  }
  const lassoMode = (on) => {
    memory.drawing = on && data.lasso
    hand.line = null
    pencil.setAttribute("aria-pressed", String(Boolean(memory.drawing)))
    canvas.classList.toggle("drawing", Boolean(memory.drawing))
    hint.style.display = memory.drawing ? "block" : "none"
    redraw(false)
  }
  const showChosen = () => {
    chosenBar.style.display = memory.chosen ? "flex" : "none"
    counted.textContent = memory.chosen
      ? filled(words.chosen, { count: memory.chosen.size.toLocaleString("en") }) : ""
  }
  const choose = (found) => {
    memory.chosen = found?.length ? new Set(found) : null
    showChosen()
    heard.textContent = counted.textContent
    redraw()
    setTriggerValue("lasso", found ?? [])
  }
  const endLasso = () => {
    const { line } = hand
    lassoMode(false)
    choose(insideOf(line, memory.at, wanted))
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
  }
  canvas.onwheel = (event) => {
    event.preventDefault()
    zoomAt(...place(event), Math.exp(-Math.sign(event.deltaY) * Math.min(60, Math.abs(event.deltaY)) / 240))
  }
  canvas.onpointerdown = (event) => {
    if (event.button) return
    canvas.setPointerCapture(event.pointerId)
    if (!hand.fingers.size) hand.moved = 0
    hand.fingers.set(event.pointerId, place(event))
    const draws = data.lasso && (memory.drawing || event.shiftKey) && hand.fingers.size === 1
    hand.line = draws ? [toMap(...place(event))] : null
  }
  canvas.onpointermove = (event) => {
    const now = place(event)
    if (!event.buttons) hand.fingers.clear() // let go of where nobody told
    const before = hand.fingers.get(event.pointerId)
    if (!before) return point(nearest(...now))
    hand.moved += Math.hypot(now[0] - before[0], now[1] - before[1])
    const other = [...hand.fingers].find(([id]) => id !== event.pointerId)?.[1]
    hand.fingers.set(event.pointerId, now)
    if (other) {
      const span = (a) => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]))
      zoomAt((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, span(now) / span(before))
    } else if (hand.line) {
      point(null)
      hand.line.push(toMap(...now))
      redraw(false)
    } else if (hand.moved > 4) {
      canvas.classList.add("moving")
      const [a, b] = [toMap(...before), toMap(...now)]
      view.x += a[0] - b[0]
      view.y += a[1] - b[1]
      moved()
    }
  }
  canvas.onpointerup = canvas.onpointercancel = (event) => {
    canvas.classList.remove("moving")
    if (!hand.fingers.has(event.pointerId)) return
    const done = event.type === "pointerup" && hand.fingers.size === 1
    hand.fingers.delete(event.pointerId)
    if (done && hand.line && hand.moved >= SMALLEST_LASSO) return endLasso()
    hand.line = null
    if (!done || hand.moved > 4) return redraw(false)
    const i = nearest(...place(event))
    // A finger has no hover: its first tap shows the image, the second opens it.
    const shown = event.pointerType === "mouse" || i === memory.over
    point(i)
    if (i !== null && shown) setTriggerValue("clicked", i)
  }
  canvas.onpointerleave = (event) => { if (event.pointerType === "mouse") point(null) }
  canvas.ondblclick = home
  // From point to point: the nearest in that direction, at first the one nearest to the middle.
  const step = (direction) => {
    const i = memory.over ?? null
    memory.near ??= nearIndex(memory.at)
    const next = i === null ? memory.near(view.x, view.y, 2, wanted)
      : towards(i, direction, memory.at, wanted)
    if (next === null) return
    const [x, y] = pointOnScreen(next)
    if (x < 20 || y < 20 || x > frame.wide - 20 || y > frame.high - 20) {
      Object.assign(view, { x: memory.at[2 * next], y: memory.at[2 * next + 1] })
      moved()
    }
    point(next)
    heard.textContent = caption.textContent
  }
  const arrows = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }
  canvas.onkeydown = (event) => {
    const middle = [frame.wide / 2, frame.high / 2]
    if (arrows[event.key]) step(arrows[event.key])
    else if (event.key === "Enter" && (memory.over ?? null) !== null) setTriggerValue("clicked", memory.over)
    else if (event.key === "+" || event.key === "=") zoomAt(...middle, 1.4)
    else if (event.key === "-") zoomAt(...middle, 1 / 1.4)
    else if (event.key === "Escape" && (memory.drawing || hand.line)) lassoMode(false)
    else if (event.key === "Escape" && memory.chosen) choose(null)
    else if (event.key === "0" || event.key === "Escape") home()
    else return
    event.preventDefault()
  }
  // For tests: where point i lies in the browser window, and how many there are.
  canvas.dataset.count = n
  canvas.pointPosition = (i) => {
    const box = canvas.getBoundingClientRect()
    const [x, y] = pointOnScreen(i)
    return { x: box.left + x, y: box.top + y }
  }

  if (!data.sprite || !memory.sheets?.same(data.sprite)) {
    memory.sheets?.close()
    memory.sheets = data.sprite ? sheetsOf(data.sprite, () => memory.arrived()) : null
  }
  // New positions of the same points are approached smoothly, unless motion is unwelcome.
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches
  const settle = () => Object.assign(memory, { near: null, centres: null })
  const { at } = memory
  const alike = at?.length === target.length
  cancelAnimationFrame(memory.moving)
  if (alike && !calm && at.some((v, k) => v !== target[k])) {
    const [from, start] = [at.slice(), performance.now()]
    memory.at = from.slice()
    const glide = (now) => {
      const t = Math.min(1, Math.max(0, (now - start) / 220))
      const eased = t * (2 - t)
      for (let k = 0; k < target.length; k++) memory.at[k] = from[k] + (target[k] - from[k]) * eased
      settle()
      memory.draw()
      if (t < 1) memory.moving = requestAnimationFrame(glide)
    }
    memory.moving = requestAnimationFrame(glide)
  } else {
    memory.at = target
  }
  settle()
  lassoMode(memory.drawing)
  showChosen()
  memory.observer?.disconnect()
  memory.observer = new ResizeObserver(() => memory.draw())
  memory.observer.observe(canvas)
  memory.draw()
  if (memory.over !== null && memory.over !== undefined) point(memory.over)
  return atTheEnd(memory, () => {
    memory.observer.disconnect()
    cancelAnimationFrame(memory.moving)
    memory.sheets?.close()
    memory.sheets = null
  })
}

// Made once: who drags or types must not lose hold when other data come. Points lie on one canvas;
// what changes with every move of the pointer lies on another one above it.
const build = () => {
  const below = make("canvas", { class: "points" })
  const canvas = make("canvas", { class: "map", tabindex: "0", role: "application", "data-testid": "scatter" })
  const [head, above] = [make("div"), make("div", { class: "above" })]
  const heard = make("div", { class: "heard", "aria-live": "polite", "data-testid": "scatter-heard" })
  const sheet = make("div", { class: "sheet" }, below, canvas, above)
  return { below, canvas, head, above, heard, whole: [head, sheet, heard] }
}
