export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const { words } = data
  // Made once: every later run of this script only draws other numbers onto the same canvases.
  if (!memory.panels) {
    const panel = (key, wide) => {
      const canvas = make("canvas", { role: "img", "data-testid": `live-${key}` })
      const title = make("div", { class: "title" })
      canvas.onpointermove = (event) => {
        const share = (event.offsetX - LEFT) / (canvas.clientWidth - LEFT - 10)
        memory.hover = share < 0 || share > 1 ? null : share
        memory.draw()
      }
      canvas.onpointerleave = () => {
        memory.hover = null
        memory.draw()
      }
      return { canvas, title, box: make("div", { class: wide ? "wide" : "" }, title, canvas) }
    }
    memory.panels = { loss: panel("loss"), accuracy: panel("accuracy"), rate: panel("rate", true) }
    memory.charts = make("div", { class: "charts", "data-testid": "live-curves" })
    memory.note = make("div", { class: "note" })
    memory.hover = null
    root.replaceChildren(memory.charts, memory.note)
  }
  const { loss, accuracy, rate } = memory.panels
  const shown = data.training.rate ? [loss, accuracy, rate] : [loss, accuracy]
  if (memory.charts.childElementCount !== shown.length) {
    memory.charts.replaceChildren(...shown.map((one) => one.box))
  }
  const training = columns(data.training)
  const validation = columns(data.validation)
  const says = data.marks.map(({ sign, text }) => `${sign} ${text}`).join(" · ")
  if (memory.note.textContent !== says) memory.note.textContent = says

  memory.draw = () => {
    const colours = lookOf(root)
    const step = memory.hover === null ? null : memory.hover * data.steps
    const [last, lastDot] = [training.step.length - 1, validation.step.length - 1]
    const [i, dot] = step === null ? [last, lastDot]
      : [until(training.step, step), until(validation.step, step)]
    const common = { steps: data.steps, at: training.step, last, dotsAt: validation.step, lastDot,
      dotColour: data.validationColour, colours, marks: data.marks, hover: step }
    const name = (panel, title, parts) => {
      const wanted = [title, ...parts.map(([sign, colour, text]) =>
        make("span", {}, make("b", { style: `color:${colour}` }, sign), ` ${text}`))]
      panel.title.replaceChildren(...wanted)
      panel.canvas.setAttribute("aria-label", panel.title.textContent)
    }
    const value = (column, k, form) => (k >= 0 ? form(column[k]) : "–")
    const keys = (line, dots, form) => [
      ["━", "var(--st-primary-color)", `${words.training} ${value(line, i, form)}`],
      ["●", data.validationColour, `${words.validation} ${value(dots, dot, form)}`]]
    const share = (v) => words.percent.replace("{n}", (100 * v).toFixed(1))
    const decimals = (v) => v.toFixed(3)
    name(loss, words.loss, keys(training.lossLine, validation.loss, decimals))
    name(accuracy, words.accuracy, keys(training.accuracyLine, validation.accuracy, share))
    drawCurve(loss.canvas, { ...common, top: data.lossTop, values: training.loss,
      line: training.lossLine, dots: validation.loss, tick: short })
    drawCurve(accuracy.canvas, { ...common, top: 1, values: training.accuracy,
      line: training.accuracyLine, dots: validation.accuracy, tick: whole })
    if (training.rate) {
      name(rate, words.rate, [["━", "var(--st-primary-color)", value(training.rate, i, short)]])
      drawCurve(rate.canvas, { ...common, top: Math.max(...training.rate) * 1.1 || 1, values: training.rate,
        line: training.rate, dots: null, tick: short, lines: 2 })
    }
    memory.charts.dataset.step = last < 0 ? 0 : training.step[last]
  }
  memory.observer?.disconnect()
  memory.observer = new ResizeObserver(() => memory.draw())
  memory.observer.observe(memory.charts)
  memory.draw()
  return () => memory.observer.disconnect()
}
