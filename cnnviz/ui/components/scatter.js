export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const target = Float32Array.from(unpack(data.points, Uint16Array), (v) => v / 65535)
  const labels = unpack(data.labels, Uint16Array)
  const predicted = data.predicted ? unpack(data.predicted, Uint16Array) : labels
  const n = labels.length
  memory.view ??= { x: 0.5, y: 0.5, zoom: 1 }
  memory.hidden ??= new Set()
  const { view, hidden } = memory
  const own = data.own?.map((v) => v / 65535)

  const canvas = memory.canvas ?? make("canvas", { class: "map", tabindex: "0",
    "data-testid": "scatter" })
  memory.canvas = canvas
  canvas.setAttribute("role", "img")
  canvas.setAttribute("aria-label", data.label)
  canvas.style.height = `min(${data.height}px, 110vw)`
  const thumb = make("canvas")
  const words = make("div")
  const card = make("div", { class: "card", "data-testid": "scatter-card" }, thumb, words)
  const all = make("button", { class: "pill all", type: "button", "data-testid": "scatter-reset",
    onclick: () => home() }, data.reset)
  const legend = make("div", { class: "legend", "data-testid": "scatter-legend" },
    ...data.names.map((name, c) => {
      const key = make("button", { class: "key", type: "button", style: `--colour:${data.colours[c]}`,
        "aria-pressed": String(!hidden.has(c)), "data-testid": `class-${c}`, onclick: () => {
          if (!hidden.delete(c)) hidden.add(c)
          key.setAttribute("aria-pressed", String(!hidden.has(c)))
          redraw()
        } }, make("i"), name)
      return key
    }))
  root.replaceChildren(legend, make("div", { class: "sheet" }, canvas, all, card))

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
  const radius = () => (n > 4000 ? 2.4 : n > 1200 ? 3.4 : 4.6) * Math.min(2, view.zoom ** 0.35)

  const draw = () => {
    const ratio = window.devicePixelRatio || 1
    measure()
    const [w, h] = [wide, high]
    if (!w) return
    if (canvas.width !== Math.round(w * ratio)) canvas.width = Math.round(w * ratio)
    if (canvas.height !== Math.round(h * ratio)) canvas.height = Math.round(h * ratio)
    const pen = canvas.getContext("2d", { willReadFrequently: true })
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    const style = getComputedStyle(root)
    const paper = style.getPropertyValue("--st-background-color").trim() || "#fff"
    const ink = style.color
    const r = radius()
    // Ten thousand copies of a dot are slow as canvas calls where no graphics card helps: they are
    // blended into the pixels here (a few milliseconds), and drawn with one call.
    const key = [r, ratio, paper, ...data.colours].join()
    if (memory.stampsKey !== key) {
      memory.stampsKey = key
      memory.stamps = data.colours.map((colour) => [stamp(colour, r, ratio, paper, false),
        stamp(colour, r, ratio, paper, true)])
    }
    pen.fillStyle = getComputedStyle(canvas).backgroundColor
    pen.fillRect(0, 0, w, h)
    const ground = pen.getImageData(0, 0, 1, 1).data
    const picture = pen.createImageData(canvas.width, canvas.height)
    new Uint32Array(picture.data.buffer).fill(
      (255 << 24) | (ground[2] << 16) | (ground[1] << 8) | ground[0])
    const sums = data.names.map(() => [0, 0, 0])
    for (let i = 0; i < n; i++) {
      if (hidden.has(labels[i])) continue
      const [x, y] = toScreen(memory.at[2 * i], memory.at[2 * i + 1])
      const sum = sums[labels[i]]
      sum[0] += x
      sum[1] += y
      sum[2] += 1
      if (x < -9 || y < -9 || x > w + 9 || y > h + 9) continue
      blend(picture, memory.stamps[labels[i]][predicted[i] === labels[i] ? 0 : 1],
        Math.round(x * ratio), Math.round(y * ratio))
    }
    pen.putImageData(picture, 0, 0)
    const label = (text, x, y, weight, size) => {
      pen.font = `${weight} ${size}px ${style.fontFamily}`
      pen.textAlign = "center"
      pen.lineJoin = "round"
      Object.assign(pen, { lineWidth: 4, strokeStyle: paper, fillStyle: ink })
      pen.strokeText(text, x, y)
      pen.fillText(text, x, y)
    }
    if (data.names.length <= 30) {
      sums.forEach(([x, y, count], c) => {
        if (count > n / 500) label(data.names[c], x / count, y / count + 5, 600, w < 500 ? 14 : 17)
      })
    }
    const ring = (x, y, size, colour, width) => {
      pen.beginPath()
      pen.arc(x, y, size, 0, 7)
      Object.assign(pen, { strokeStyle: colour, lineWidth: width })
      pen.stroke()
    }
    for (const i of [data.selected, memory.over]) {
      if (i === null || i === undefined || i >= n) continue
      const [x, y] = toScreen(memory.at[2 * i], memory.at[2 * i + 1])
      ring(x, y, r + 4, ink, 2.5)
    }
    if (own) {
      const [x, y] = toScreen(...own)
      star(pen, x, y, 13, style.getPropertyValue("--st-primary-color").trim() || ink, paper)
      label(data.ownText, x, y - 20, 700, 17)
    }
    all.style.display = view.zoom > 1.01 || view.x !== 0.5 || view.y !== 0.5 ? "block" : "none"
    canvas.dataset.ready = "true"
  }
  const redraw = () => {
    if (memory.waiting) return
    memory.waiting = requestAnimationFrame(() => {
      memory.waiting = null
      memory.draw()
    })
  }
  memory.draw = draw

  const nearest = (x, y) => {
    let [best, least] = [null, (radius() + 7) ** 2]
    for (let i = 0; i < n; i++) {
      if (hidden.has(labels[i])) continue
      const [px, py] = toScreen(memory.at[2 * i], memory.at[2 * i + 1])
      const distance = (px - x) ** 2 + (py - y) ** 2
      if (distance <= least) [best, least] = [i, distance]
    }
    return best
  }
  const point = (i) => {
    memory.over = i
    canvas.classList.toggle("over", i !== null)
    card.style.display = i === null ? "none" : "block"
    redraw()
    if (i === null) return
    const same = predicted[i] === labels[i]
    words.textContent = filled(same ? data.rightText : data.wrongText,
      { true: data.names[labels[i]], predicted: data.names[predicted[i]] })
    thumb.style.display = data.sprite ? "block" : "none"
    if (data.sprite) {
      const { width, height, columns } = data.sprite
      Object.assign(thumb, { width, height })
      const scale = Math.max(1, Math.round(132 / Math.max(width, height)))
      thumb.style.width = `${width * scale}px`
      thumb.style.imageRendering = scale > 1 ? "pixelated" : "auto"
      if (memory.atlas?.complete) {
        thumb.getContext("2d").drawImage(memory.atlas, (i % columns) * width,
          Math.floor(i / columns) * height, width, height, 0, 0, width, height)
      }
    }
    const [x, y] = toScreen(memory.at[2 * i], memory.at[2 * i + 1])
    const left = x + 18 + card.offsetWidth > canvas.clientWidth ? x - 18 - card.offsetWidth : x + 18
    const top = Math.min(Math.max(4, y - card.offsetHeight / 2),
      canvas.clientHeight - card.offsetHeight - 4)
    card.style.left = `${Math.max(4, left)}px`
    card.style.top = `${top}px`
  }
  const zoomAt = (x, y, factor) => {
    const before = toMap(x, y)
    view.zoom = Math.min(60, Math.max(1, view.zoom * factor))
    const after = toMap(x, y)
    view.x += before[0] - after[0]
    view.y += before[1] - after[1]
    if (view.zoom === 1) Object.assign(view, { x: 0.5, y: 0.5 })
    point(null)
  }
  const home = () => {
    Object.assign(view, { x: 0.5, y: 0.5, zoom: 1 })
    point(null)
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
  }
  const fingers = new Map()
  let moved = 0
  canvas.onwheel = (event) => {
    event.preventDefault()
    zoomAt(...place(event), Math.exp(-Math.sign(event.deltaY) * Math.min(60, Math.abs(event.deltaY)) / 240))
  }
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId)
    if (!fingers.size) moved = 0
    fingers.set(event.pointerId, place(event))
  }
  canvas.onpointermove = (event) => {
    const now = place(event)
    const before = fingers.get(event.pointerId)
    if (!before) return point(nearest(...now))
    moved += Math.hypot(now[0] - before[0], now[1] - before[1])
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1]
    fingers.set(event.pointerId, now)
    if (other) {
      const span = (a) => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]))
      zoomAt((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, span(now) / span(before))
    } else if (moved > 4) {
      canvas.classList.add("moving")
      const [a, b] = [toMap(...before), toMap(...now)]
      view.x += a[0] - b[0]
      view.y += a[1] - b[1]
      point(null)
    }
  }
  canvas.onpointerup = canvas.onpointercancel = (event) => {
    canvas.classList.remove("moving")
    const clicked = event.type === "pointerup" && fingers.size === 1 && moved <= 4
    fingers.delete(event.pointerId)
    if (!clicked) return
    const i = nearest(...place(event))
    // A finger has no hover: its first tap shows the image, the second opens it.
    const shown = event.pointerType === "mouse" || i === memory.over
    point(i)
    if (i !== null && shown) setTriggerValue("clicked", i)
  }
  canvas.onpointerleave = (event) => { if (event.pointerType === "mouse") point(null) }
  canvas.ondblclick = home
  canvas.onkeydown = (event) => {
    const middle = [canvas.clientWidth / 2, canvas.clientHeight / 2]
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (step) {
      let i = memory.over ?? (step > 0 ? -1 : n)
      do i += step; while (i >= 0 && i < n && hidden.has(labels[i]))
      if (i >= 0 && i < n) point(i)
    } else if (event.key === "Enter" && memory.over !== null && memory.over !== undefined) {
      setTriggerValue("clicked", memory.over)
    } else if (event.key === "+" || event.key === "=") zoomAt(...middle, 1.4)
    else if (event.key === "-") zoomAt(...middle, 1 / 1.4)
    else if (event.key === "0" || event.key === "Escape") home()
    else return
    event.preventDefault()
  }
  // For tests: where point i lies in the browser window, and how many there are.
  canvas.dataset.count = n
  canvas.pointPosition = (i) => {
    const box = canvas.getBoundingClientRect()
    const [x, y] = toScreen(memory.at[2 * i], memory.at[2 * i + 1])
    return { x: box.left + x, y: box.top + y }
  }

  if (data.sprite && memory.src !== data.sprite.src) {
    memory.src = data.sprite.src
    memory.atlas = new Image()
    memory.atlas.src = memory.src
  }
  // New positions of the same points are approached smoothly, unless motion is unwelcome.
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches
  cancelAnimationFrame(memory.moving)
  if (memory.at?.length === target.length && !calm) {
    const [from, start] = [memory.at.slice(), performance.now()]
    const step = (now) => {
      const t = Math.min(1, Math.max(0, (now - start) / 220))
      const eased = t * (2 - t)
      for (let k = 0; k < target.length; k++) memory.at[k] = from[k] + (target[k] - from[k]) * eased
      memory.draw()
      if (t < 1) memory.moving = requestAnimationFrame(step)
    }
    memory.moving = requestAnimationFrame(step)
  } else {
    memory.at = target
  }
  memory.over = memory.over < n ? memory.over : null
  memory.observer?.disconnect()
  memory.observer = new ResizeObserver(() => memory.draw())
  memory.observer.observe(canvas)
  draw()
  return () => {
    memory.observer.disconnect()
    cancelAnimationFrame(memory.moving)
  }
}

// A dot (right) or a cross (wrong) with a thin edge in the paper's colour, ready to be copied.
const stamp = (colour, r, ratio, paper, cross) => {
  const half = Math.ceil(r + 2.5)
  const canvas = make("canvas")
  const size = Math.ceil(2 * half * ratio)
  canvas.width = canvas.height = size
  const pen = canvas.getContext("2d", { willReadFrequently: true })
  pen.translate(size / 2, size / 2)
  pen.scale(ratio, ratio)
  if (cross) {
    const d = r * 0.95
    pen.lineCap = "round"
    for (const [width, look] of [[r * 0.7 + 1.6, paper], [r * 0.7, colour]]) {
      Object.assign(pen, { strokeStyle: look, lineWidth: width })
      pen.beginPath()
      pen.moveTo(-d, -d)
      pen.lineTo(d, d)
      pen.moveTo(-d, d)
      pen.lineTo(d, -d)
      pen.stroke()
    }
    return pen.getImageData(0, 0, size, size)
  }
  pen.beginPath()
  pen.arc(0, 0, r, 0, 7)
  Object.assign(pen, { fillStyle: colour, strokeStyle: paper, lineWidth: 0.8, globalAlpha: 0.9 })
  pen.fill()
  pen.stroke()
  return pen.getImageData(0, 0, size, size)
}

// Lay a stamp over an opaque picture, its middle at (x, y) in device pixels.
const blend = (picture, stamp, x, y) => {
  const [size, width, height] = [stamp.width, picture.width, picture.height]
  const [from, to] = [stamp.data, picture.data]
  const [left, top] = [x - (size >> 1), y - (size >> 1)]
  for (let row = Math.max(0, -top); row < size && top + row < height; row++) {
    for (let column = Math.max(0, -left); column < size && left + column < width; column++) {
      const s = 4 * (row * size + column)
      const share = from[s + 3] / 255
      if (!share) continue
      const d = 4 * ((top + row) * width + left + column)
      to[d] += (from[s] - to[d]) * share
      to[d + 1] += (from[s + 1] - to[d + 1]) * share
      to[d + 2] += (from[s + 2] - to[d + 2]) * share
    }
  }
}

const star = (pen, x, y, size, colour, paper) => {
  pen.beginPath()
  for (let k = 0; k < 10; k++) {
    const [angle, r] = [(k * Math.PI) / 5 - Math.PI / 2, k % 2 ? size * 0.45 : size]
    pen.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle))
  }
  pen.closePath()
  Object.assign(pen, { fillStyle: colour, strokeStyle: paper, lineWidth: 2.5 })
  pen.stroke()
  pen.fill()
}
