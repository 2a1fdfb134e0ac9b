// What draws curves: a canvas whose numbers grow in place, so that nothing is made anew.

const columns = (packed) => Object.fromEntries(
  Object.entries(packed).map(([name, text]) => [name, unpack(text, Float32Array)]))

// The index of the last value of a rising column that is not above a limit; -1 before the first.
const until = (column, limit) => {
  let [low, high] = [0, column.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (column[middle] <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}

const short = (value) => `${+value.toPrecision(3)}`
const whole = (share) => `${Math.round(100 * share)}%`

const lookOf = (root) => {
  const style = getComputedStyle(root)
  const value = (name, usual) => style.getPropertyValue(name).trim() || usual
  return { ink: style.color, font: style.fontFamily, muted: value("--muted", "#777"),
    accent: value("--st-primary-color", "#3f51b5") }
}

// A clean canvas at the screen's own resolution: its pen, width and height.
const penOf = (canvas) => {
  const ratio = window.devicePixelRatio || 1
  const [w, h] = [canvas.clientWidth, canvas.clientHeight]
  if (canvas.width !== Math.round(w * ratio)) canvas.width = Math.round(w * ratio)
  if (canvas.height !== Math.round(h * ratio)) canvas.height = Math.round(h * ratio)
  const pen = canvas.getContext("2d")
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, w, h)
  return [pen, w, h]
}

// Round numbers from 0 to the top, about so many.
const ticks = (top, count) => {
  const unit = 10 ** Math.floor(Math.log10(top / count))
  const step = [1, 2, 2.5, 5, 10].map((m) => m * unit).find((s) => top / s <= count + 0.01)
  return Array.from({ length: Math.floor(top / step + 1e-6) + 1 }, (_, i) => i * step)
}

// Room for the numbers beside and below a curve.
const LEFT = 62
const BOTTOM = 28

// One curve: `values` faint and `line` strong up to index `last` of `at`, `dots` up to `lastDot`;
// `marks` are upright lines with a sign, `hover` is a step to point at.
const drawCurve = (canvas, { steps, top, at, last, values, line, dotsAt, dots, lastDot, dotColour,
  tick, colours, marks = [], hover = null, lines = 5 }) => {
  const [pen, w, h] = penOf(canvas)
  if (!w) return
  const x = (step) => LEFT + ((w - LEFT - 10) * step) / steps
  const y = (value) => 8 + (h - BOTTOM - 8) * (1 - Math.min(value, top * 1.02) / top)
  pen.font = `15px ${colours.font}`
  Object.assign(pen, { textBaseline: "middle", textAlign: "right", lineWidth: 1 })
  for (const value of ticks(top, lines)) {
    pen.globalAlpha = 0.25
    pen.strokeStyle = colours.muted
    pen.beginPath()
    pen.moveTo(LEFT, y(value))
    pen.lineTo(w - 8, y(value))
    pen.stroke()
    pen.globalAlpha = 1
    pen.fillStyle = colours.muted
    pen.fillText(tick(value), LEFT - 8, y(value))
  }
  Object.assign(pen, { textBaseline: "alphabetic", textAlign: "center" })
  for (const step of ticks(steps, w < 420 ? 4 : 6)) {
    pen.fillText(Math.round(step).toLocaleString("en"), Math.min(x(step), w - 22), h - 6)
  }
  const upright = (step, dash, colour) => {
    pen.setLineDash(dash)
    Object.assign(pen, { strokeStyle: colour, lineWidth: 1.5 })
    pen.beginPath()
    pen.moveTo(x(step), 8)
    pen.lineTo(x(step), h - BOTTOM)
    pen.stroke()
    pen.setLineDash([])
  }
  for (const mark of marks) {
    upright(mark.step, [5, 4], colours.muted)
    pen.fillText(mark.sign, x(mark.step) + 10, 20)
  }
  const trace = (column, width, alpha) => {
    pen.beginPath()
    for (let i = 0; i <= last; i++) pen.lineTo(x(at[i]), y(column[i]))
    Object.assign(pen, { strokeStyle: colours.accent, lineWidth: width, globalAlpha: alpha,
      lineJoin: "round" })
    pen.stroke()
    pen.globalAlpha = 1
  }
  trace(values, 1, 0.3)
  if (line) trace(line, 3, 1)
  if (dots) {
    pen.beginPath()
    for (let i = 0; i <= lastDot; i++) pen.lineTo(x(dotsAt[i]), y(dots[i]))
    Object.assign(pen, { strokeStyle: dotColour, fillStyle: dotColour, lineWidth: 2.5 })
    pen.setLineDash([3, 4])
    pen.stroke()
    pen.setLineDash([])
    for (let i = 0; i <= lastDot; i++) {
      pen.beginPath()
      pen.arc(x(dotsAt[i]), y(dots[i]), dotsAt.length > 60 ? 2.5 : 5, 0, 7)
      pen.fill()
    }
  }
  if (hover !== null) upright(hover, [], colours.ink)
}
