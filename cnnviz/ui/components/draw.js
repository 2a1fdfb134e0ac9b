export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const strokes = (memory.strokes ??= [])
  const canvas = memory.canvas ?? make("canvas", { "data-testid": "draw-canvas", tabindex: "0" })
  memory.canvas = canvas
  const tools = (memory.tools ??= make("div", { class: "tools" }))
  const board = (memory.board ??= make("div", { class: "board" }, canvas, tools))
  canvas.width = canvas.height = data.side
  canvas.style.setProperty("--side", `${data.side}px`)
  canvas.setAttribute("role", "img")
  canvas.setAttribute("aria-label", data.label)
  const pen = canvas.getContext("2d")

  const line = (points) => {
    pen.beginPath()
    pen.moveTo(...points[0])
    if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1])
    for (let i = 1; i < points.length; i++) {
      // Through the middles of the pieces, so that fast strokes stay round.
      const [a, b] = [points[i - 1], points[i]]
      pen.quadraticCurveTo(...a, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
    }
    pen.lineTo(...points[points.length - 1])
    pen.stroke()
  }
  const paint = () => {
    pen.fillStyle = "#fff"
    pen.fillRect(0, 0, data.side, data.side)
    Object.assign(pen, { strokeStyle: "#000", lineWidth: data.stroke, lineCap: "round",
      lineJoin: "round" })
    strokes.forEach(line)
    for (const button of tools.children) button.disabled = !strokes.length
  }
  const send = () => {
    clearTimeout(memory.timer)
    if (strokes.length) setTriggerValue("drawn", canvas.toDataURL("image/png"))
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect()
    const scale = data.side / box.width
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale]
  }
  canvas.onpointerdown = (event) => {
    if (event.button) return
    event.preventDefault()
    clearTimeout(memory.timer)
    canvas.setPointerCapture(event.pointerId)
    memory.pointer = event.pointerId
    strokes.push([place(event)])
    paint()
  }
  canvas.onpointermove = (event) => {
    if (memory.pointer !== event.pointerId || !strokes.length) return
    const moves = event.getCoalescedEvents?.() ?? []
    strokes[strokes.length - 1].push(...(moves.length ? moves : [event]).map(place))
    paint()
  }
  canvas.onpointerup = canvas.onpointercancel = (event) => {
    if (memory.pointer !== event.pointerId) return
    memory.pointer = null
    if (data.live) memory.timer = setTimeout(send, 500)
  }
  const button = (extra, testid, text, onclick) =>
    make("button", { class: `pill ${extra}`, type: "button", "data-testid": testid, onclick }, text)
  const erase = (count) => {
    clearTimeout(memory.timer)
    strokes.splice(strokes.length - count, count)
    paint()
  }
  tools.replaceChildren(
    button("main", "draw-use", data.use, send),
    button("", "draw-undo", data.undo, () => erase(1)),
    button("", "draw-clear", data.clear, () => erase(strokes.length)))
  // Left in its place: a stroke under way must not lose its pointer when an answer comes.
  if (board.parentNode !== root) root.replaceChildren(board)
  paint()
  return atTheEnd(memory, () => clearTimeout(memory.timer))
}
