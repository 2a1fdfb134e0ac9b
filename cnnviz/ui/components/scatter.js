const DIM = 0.16 // opacity of what is not chosen
const GROUND = 0.2 // opacity of the background's colours
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
  const { below, canvas, head, above, heard, whole } = memory.parts
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
  if (focused && focused !== "scatter") root.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true })

  // Geometry: points lie around the middle of a unit square, y upwards; at zoom 1 what they take
  // of it fills the canvas. One scale for both axes. Sizes are read once a frame: each reading may
  // cost a layout, and there are ten thousand points.
  let [wide, high, side] = [0, 0, 1]
  const measure = () => {
    [wide, high] = [canvas.clientWidth, canvas.clientHeight]
    side = Math.max(1, Math.min((wide - 56) / data.extent[0], (high - 56) / data.extent[1]))
  }
  const toScreen = (x, y) => [
    wide / 2 + (x - view.x) * view.zoom * side, high / 2 - (y - view.y) * view.zoom * side]
  const toMap = (x, y) => [
    view.x + (x - wide / 2) / (view.zoom * side), view.y - (y - high / 2) / (view.zoom * side)]
  const pointOnScreen = (i) => toScreen(memory.at[2 * i], memory.at[2 * i + 1])
  const radius = () => (n > 4000 ? 2.4 : n > 1200 ? 3.4 : 4.6) * Math.min(2, view.zoom ** 0.35)

  let look = null
  const readLook = () => {
    const style = getComputedStyle(root)
    const paper = style.getPropertyValue("--st-background-color").trim() || "#fff"
    const pen = make("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true })
    const sheet = getComputedStyle(below).backgroundColor
    pen.fillStyle = sheet
    pen.fillRect(0, 0, 1, 1)
    const ground = pen.getImageData(0, 0, 1, 1).data
    return { paper, sheet, ink: style.color, font: style.fontFamily,
      accent: style.getPropertyValue("--st-primary-color").trim() || style.color,
      ground: ((255 << 24) | (ground[2] << 16) | (ground[1] << 8) | ground[0]) >>> 0 }
  }
  const fitted = (one, ratio) => {
    const [w, h] = [Math.round(wide * ratio), Math.round(high * ratio)]
    if (one.width !== w) one.width = w
    if (one.height !== h) one.height = h
  }
  const stamps = (r, ratio) => {
    const key = [r, ratio, look.paper, ...colours].join()
    if (memory.stampsKey !== key) Object.assign(memory, { stampsKey: key, stamps: [] })
    return (c, cross, dim) => (memory.stamps[4 * c + 2 * cross + dim] ??=
      stamp(colours[c], r, ratio, look.paper, cross === 1, dim ? DIM : 1))
  }
  const drawPoints = (ratio) => {
    fitted(below, ratio)
    const { width, height } = below
    const pen = below.getContext("2d", { willReadFrequently: true })
    if (memory.picture?.width !== width || memory.picture.height !== height) {
      memory.picture = pen.createImageData(width, height)
    }
    let picture = memory.picture
    if (data.background) {
      const key = data.background.cells + data.colours.join()
      if (memory.regionsKey !== key) {
        Object.assign(memory, { regionsKey: key, regions: regions(data.background, data.colours, GROUND) })
      }
      const [left, bottom, size] = data.square
      const [x, y] = toScreen(left, bottom + size)
      const across = size * view.zoom * side
      pen.fillStyle = look.sheet
      pen.clearRect(0, 0, width, height)
      pen.fillRect(0, 0, width, height)
      pen.imageSmoothingEnabled = true
      pen.drawImage(memory.regions, x * ratio, y * ratio, across * ratio, across * ratio)
      picture = pen.getImageData(0, 0, width, height)
    } else new Uint32Array(picture.data.buffer).fill(look.ground)
    const pixels = new Uint32Array(picture.data.buffer)
    const mark = stamps(radius(), ratio)
    const { at, chosen } = memory
    const [scaling, left, top] = [view.zoom * side * ratio, ...toScreen(0, 0).map((v) => v * ratio)]
    // What is chosen lies on top of the rest.
    for (const pass of chosen ? [1, 0] : [0]) {
      for (let i = 0; i < n; i++) {
        if (hidden.has(groups.values[i]) || (chosen && chosen.has(i) === (pass === 1))) continue
        const x = Math.round(left + at[2 * i] * scaling)
        const y = Math.round(top - at[2 * i + 1] * scaling)
        if (x < -30 || y < -30 || x > width + 30 || y > height + 30) continue
        blend(pixels, width, height, mark(colourOf[i], predicted[i] === labels[i] ? 0 : 1, pass), x, y)
      }
    }
    pen.putImageData(picture, 0, 0)
  }
  // Where the names of the classes stand: amid their points.
  const centres = () => {
    const sums = data.names.map(() => [0, 0, 0])
    for (let i = 0; i < n; i++) {
      if (!wanted(i)) continue
      const sum = sums[labels[i]]
      sum[0] += memory.at[2 * i]
      sum[1] += memory.at[2 * i + 1]
      sum[2] += 1
    }
    return sums.map(([x, y, count]) => (count > n / 500 ? [x / count, y / count] : null))
  }
  const drawOver = (ratio) => {
    fitted(canvas, ratio)
    const pen = canvas.getContext("2d")
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    pen.clearRect(0, 0, wide, high)
    const { ink, paper, accent } = look
    const r = radius()
    const label = (text, x, y, weight, size) => {
      pen.font = `${weight} ${size}px ${look.font}`
      Object.assign(pen, { textAlign: "center", lineJoin: "round", lineWidth: 4, strokeStyle: paper,
        fillStyle: ink })
      pen.strokeText(text, x, y)
      pen.fillText(text, x, y)
    }
    const ring = (x, y, size, width) => {
      pen.beginPath()
      pen.arc(x, y, size, 0, 7)
      Object.assign(pen, { strokeStyle: ink, lineWidth: width })
      pen.stroke()
    }
    for (const { at, links } of own) {
      const from = toScreen(...at)
      for (const i of links) {
        if (i >= n) continue
        const to = pointOnScreen(i)
        for (const [width, colour] of [[4, paper], [1.8, ink]]) {
          pen.beginPath()
          pen.moveTo(...from)
          pen.lineTo(...to)
          Object.assign(pen, { strokeStyle: colour, lineWidth: width })
          pen.stroke()
        }
        ring(...to, r + 2.5, 1.8)
      }
    }
    if (data.names.length <= 30) {
      memory.centres ??= centres()
      memory.centres.forEach((centre, c) => {
        if (!centre) return
        const [x, y] = toScreen(...centre)
        label(data.names[c], x, y + 5, 600, wide < 500 ? 14 : 17)
      })
    }
    for (const i of [data.selected, memory.over]) {
      if (i !== null && i !== undefined && i < n) ring(...pointOnScreen(i), r + 4, 2.5)
    }
    for (const { at, name } of own) {
      const [x, y] = toScreen(...at)
      star(pen, x, y, 13, accent, paper)
      label(name, x, y - 20, 700, 17)
    }
    if (hand.line?.length > 1) {
      pen.beginPath()
      hand.line.forEach((at) => pen.lineTo(...toScreen(...at)))
      pen.closePath()
      Object.assign(pen, { fillStyle: accent, strokeStyle: accent, lineWidth: 2.5, globalAlpha: 0.14 })
      pen.fill()
      pen.globalAlpha = 1
      pen.stroke()
    }
    tools.classList.toggle("home", !(view.zoom > 1.01 || view.x !== 0.5 || view.y !== 0.5))
    canvas.dataset.ready = "true"
  }
  const draw = (whole = true) => {
    measure()
    if (!wide) return
    look ??= readLook()
    const ratio = window.devicePixelRatio || 1
    if (whole) drawPoints(ratio)
    drawOver(ratio)
  }
  memory.draw = draw
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
    return memory.near(...toMap(x, y), (radius() + 7) / (view.zoom * side), wanted)
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
    const left = x + 18 + cardWide > wide ? x - 18 - cardWide : x + 18
    card.style.left = `${Math.max(4, Math.min(left, wide - cardWide - 4))}px`
    card.style.top = `${Math.min(Math.max(4, y - cardHigh / 2), high - cardHigh - 4)}px`
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
    if (x < 20 || y < 20 || x > wide - 20 || y > high - 20) {
      Object.assign(view, { x: memory.at[2 * next], y: memory.at[2 * next + 1] })
      moved()
    }
    point(next)
    heard.textContent = caption.textContent
  }
  const arrows = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }
  canvas.onkeydown = (event) => {
    const middle = [wide / 2, high / 2]
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
  draw()
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
