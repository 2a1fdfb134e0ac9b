const DIM = 0.16 // opacity of what is not chosen
const GROUND = 0.2 // opacity of the background's colours

// What draws a map: its points on the lower canvas, what follows the pointer on the upper one.
// `scene` is what the data say, `memory` what a person does with it.
const painterOf = (memory, scene) => {
  const { data, root, n, labels, predicted, groups, colours, colourOf, own, wanted } = scene
  const { view, hand, hidden, parts: { below, canvas } } = memory
  // Geometry: points lie around the middle of a unit square, y upwards; at zoom 1 what they take
  // of it fills the canvas. One scale for both axes. Sizes are read once a frame: each reading may
  // cost a layout, and there are ten thousand points.
  const frame = { wide: 0, high: 0, side: 1 }
  const measure = () => {
    const [wide, high] = [canvas.clientWidth, canvas.clientHeight]
    const side = Math.max(1, Math.min((wide - 56) / data.extent[0], (high - 56) / data.extent[1]))
    Object.assign(frame, { wide, high, side })
  }
  const toScreen = (x, y) => [
    frame.wide / 2 + (x - view.x) * view.zoom * frame.side,
    frame.high / 2 - (y - view.y) * view.zoom * frame.side]
  const toMap = (x, y) => [
    view.x + (x - frame.wide / 2) / (view.zoom * frame.side),
    view.y - (y - frame.high / 2) / (view.zoom * frame.side)]
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
    const [w, h] = [Math.round(frame.wide * ratio), Math.round(frame.high * ratio)]
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
      const across = size * view.zoom * frame.side
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
    const [scaling, left, top] = [view.zoom * frame.side * ratio, ...toScreen(0, 0).map((v) => v * ratio)]
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
    pen.clearRect(0, 0, frame.wide, frame.high)
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
        label(data.names[c], x, y + 5, 600, frame.wide < 500 ? 14 : 17)
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
    canvas.dataset.ready = "true"
  }
  const draw = (whole = true) => {
    measure()
    if (!frame.wide) return
    look ??= readLook()
    const ratio = window.devicePixelRatio || 1
    if (whole) drawPoints(ratio)
    drawOver(ratio)
  }
  return { frame, toScreen, toMap, pointOnScreen, radius, draw }
}
