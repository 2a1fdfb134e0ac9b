const AGAIN_MS = 1000 // from one run of the page's script to the next, at least: longer than an
// answer is kept, so that one from before a run is never taken for news
const LOST_MS = 6000 // after that a run that was asked for has not come

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  // Made once: every later run of this script only brings other words, or what Python has drawn.
  if (memory.address !== data.address) {
    memory.stop?.()
    Object.assign(memory, { address: data.address, told: null, hover: null,
      look: made(root, memory) })
    root.replaceChildren(memory.look.whole)
    memory.stop = null
  }
  Object.assign(memory, { data, rerun: () => setTriggerValue("changed", Date.now()) })
  if (memory.at !== data.at) Object.assign(memory, { at: data.at, asked: Date.now(), waiting: false })
  memory.draw = () => show(root, memory)
  memory.stop ??= askAgainAndAgain(() => ask(memory), () => memory.data.every, (failures) => {
    memory.look.lost.textContent = failures > 1 ? memory.data.words.lost : ""
  })
  memory.observer?.disconnect()
  memory.observer = new ResizeObserver(() => memory.draw())
  memory.observer.observe(memory.look.whole)
  memory.draw()
  return atTheEnd(memory, () => {
    memory.observer.disconnect()
    memory.stop()
    memory.stop = null
  })
}

// What of the page Python has to draw again: "page", "part" or null.
const outdated = ({ told, data: { drawn } }) => {
  if (!told) return null
  if (told.page !== drawn.page) return "page"
  const buttons = drawn.buttons !== null && told.buttons !== drawn.buttons
  return told.part !== drawn.part || buttons ? "part" : null
}

const due = ({ asked, waiting }) => Date.now() - asked > (waiting ? LOST_MS : AGAIN_MS)

const ask = async (memory) => {
  const { data } = memory
  const need = due(memory) && outdated(memory)
  const { news, turn, gone } = await question(data.address, {
    lang: data.language, after: memory.told?.tag ?? "", ...(need ? { ask: need } : {}) })
  if (memory.data.address !== data.address) return
  if (news) {
    memory.told = news
    memory.draw()
  }
  // Whoever has buttons has few others beside them: they need not wait for their turn.
  const mine = memory.data.drawn.buttons !== null && outdated(memory)
  if ((gone || mine || (need && turn)) && due(memory)) {
    Object.assign(memory, { asked: Date.now(), waiting: true })
    memory.rerun()
  }
}

// The elements, empty.
const made = (root, memory) => {
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
  const look = {
    lead: make("div", { class: "lead", "data-testid": "live-lead" }),
    bar: make("div", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 },
      make("i")),
    lost: make("div", { class: "lost", role: "status", "data-testid": "live-lost" }),
    figures: make("dl", { class: "figures", "data-testid": "live-figures" }),
    notes: make("div", { class: "note" }),
    loss: panel("loss"), accuracy: panel("accuracy"), rate: panel("rate", true),
    charts: make("div", { class: "charts", "data-testid": "live-curves" }),
    marks: make("div", { class: "note" }),
  }
  look.rest = make("div", {}, look.figures, look.notes, look.charts, look.marks)
  look.whole = make("div")
  return look
}

const put = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}

const show = (root, memory) => {
  const { look, told, data: { shows, words } } = memory
  const parts = { nothing: [look.lost], lead: [look.lead, look.lost],
    all: [look.lead, look.bar, look.lost, look.rest] }[shows]
  if (look.whole.childElementCount !== parts.length) look.whole.replaceChildren(...parts)
  look.bar.hidden = typeof told?.fraction !== "number"
  if (!told || shows === "nothing") return
  const texts = told.lead.split("**") // every second one is strong
  if (look.lead.textContent !== texts.join("")) {
    look.lead.replaceChildren(...texts.map((text, i) => (i % 2 ? make("strong", {}, text) : text)))
  }
  if (shows === "all" && !look.bar.hidden) {
    look.bar.firstChild.style.width = `${100 * told.fraction}%`
    look.bar.setAttribute("aria-valuenow", Math.round(100 * told.fraction))
    look.bar.setAttribute("aria-label", words.progress)
  }
  if (shows !== "all" || !told.training) return
  if (look.figures.childElementCount !== told.figures.length) {
    look.figures.replaceChildren(...told.figures.map(() => make("div", {}, make("dt"), make("dd"))))
  }
  told.figures.forEach(([label, value], i) => {
    put(look.figures.children[i].firstChild, label)
    put(look.figures.children[i].lastChild, value)
  })
  put(look.notes, told.notes)
  put(look.marks, told.marks.map(({ sign, text }) => `${sign} ${text}`).join(" · "))
  drawCurves(root, memory)
}

const drawCurves = (root, { look, told, hover, data: { words, validationColour } }) => {
  const shown = told.training.rate ? [look.loss, look.accuracy, look.rate] : [look.loss, look.accuracy]
  if (look.charts.childElementCount !== shown.length) {
    look.charts.replaceChildren(...shown.map((one) => one.box))
  }
  const [training, validation] = (told.unpacked ??= [columns(told.training), columns(told.validation)])
  const colours = lookOf(root)
  const step = hover === null ? null : hover * told.steps
  const [last, lastDot] = [training.step.length - 1, validation.step.length - 1]
  const [i, dot] = step === null ? [last, lastDot]
    : [until(training.step, step), until(validation.step, step)]
  const common = { steps: told.steps, at: training.step, last, dotsAt: validation.step, lastDot,
    dotColour: validationColour, colours, marks: told.marks, hover: step }
  const name = (panel, title, parts) => {
    const wanted = [title, ...parts.map(([sign, colour, text]) =>
      make("span", {}, make("b", { style: `color:${colour}` }, sign), ` ${text}`))]
    panel.title.replaceChildren(...wanted)
    panel.canvas.setAttribute("aria-label", panel.title.textContent)
  }
  const value = (column, k, form) => (k >= 0 ? form(column[k]) : "–")
  const keys = (line, dots, form) => [
    ["━", "var(--st-primary-color)", `${words.training} ${value(line, i, form)}`],
    ["●", validationColour, `${words.validation} ${value(dots, dot, form)}`]]
  const share = (v) => words.percent.replace("{n}", (100 * v).toFixed(1))
  const decimals = (v) => v.toFixed(3)
  name(look.loss, words.loss, keys(training.lossLine, validation.loss, decimals))
  name(look.accuracy, words.accuracy, keys(training.accuracyLine, validation.accuracy, share))
  drawCurve(look.loss.canvas, { ...common, top: told.lossTop, values: training.loss,
    line: training.lossLine, dots: validation.loss, tick: short })
  drawCurve(look.accuracy.canvas, { ...common, top: 1, values: training.accuracy,
    line: training.accuracyLine, dots: validation.accuracy, tick: whole })
  if (training.rate) {
    name(look.rate, words.rate, [["━", "var(--st-primary-color)", value(training.rate, i, short)]])
    drawCurve(look.rate.canvas, { ...common, top: Math.max(...training.rate) * 1.1 || 1,
      values: training.rate, line: training.rate, dots: null, tick: short, lines: 2 })
  }
  look.charts.dataset.step = told.step
}
