export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const { words, names } = data
  const training = columns(data.training)
  const validation = columns(data.validation)
  const confusion = data.confusion.map(({ step, cells }) => ({ step, cells: unpack(cells, Uint16Array) }))
  // Another film begins at its beginning; the same one (the page was drawn again) goes on.
  const identity = [data.steps, data.seconds, data.training.loss.length, data.training.loss.slice(-40)].join()
  if (memory.identity !== identity) {
    cancelAnimationFrame(memory.frame)
    Object.assign(memory, { identity, at: 0, playing: false, speed: null })
  }
  const speeds = [1, 4, 16, 64, Math.max(64, data.seconds / 2)] // the last: at most two seconds
  // The slowest that takes no longer than somebody likes to wait.
  memory.speed ??= Math.max(0, speeds.findIndex((s, i) => i === 4 || data.seconds / s <= 30))

  const play = make("button", { type: "button", class: "pill main play", "data-testid": "film-play",
    onclick: () => toggle() })
  const again = make("button", { type: "button", class: "pill", "data-testid": "film-again",
    onclick: () => { seek(0); start() } }, words.again)
  const pills = speeds.map((speed, i) => make("button", { type: "button", class: "pill",
    "data-testid": `film-speed-${i}`, title: words.speed,
    onclick: () => { memory.speed = i; mark() } }, i === 4 ? words.max : `${speed}×`))
  const time = make("span", { class: "time", "data-testid": "film-time" })
  const slider = make("input", { type: "range", min: 0, max: 1000, step: 1, "data-testid": "film-position",
    "aria-label": words.position, oninput: () => { pause(); seek((slider.value / 1000) * data.seconds) } })
  const panel = (title, testid) => {
    const canvas = make("canvas", { role: "img", "aria-label": title, "data-testid": testid })
    const key = (sign, name, colour) => make("span", {}, make("b", { style: `color:${colour}` }, sign), ` ${name}`)
    return [canvas, make("div", {}, make("div", { class: "title" }, title,
      key("━", words.training, "var(--st-primary-color)"),
      key("●", words.validation, data.validationColour)), canvas)]
  }
  const [lossCanvas, lossPanel] = panel(words.loss, "film-loss")
  const [accuracyCanvas, accuracyPanel] = panel(words.accuracy, "film-accuracy")
  const fields = ["epoch", "step", "validationRight", "trainingRight", "speedNow", "rate"]
    .filter((name) => (name !== "speedNow" || training.speed) && (name !== "rate" || training.rate))
  const values = Object.fromEntries(fields.map((name) => [name, make("dd", { "data-testid": `film-${name}` })]))
  const figures = make("dl", { class: "figures", style: "margin:0" },
    ...fields.map((name) => make("div", {}, make("dt", {}, words[name]), values[name])))

  const samples = data.samples.length && data.pictures.length ? data.pictures.map((src, i) => {
    const [answer, bar, verdict] = [make("strong"), make("i"), make("div")]
    const share = make("span", { class: "note" })
    const figure = make("figure", {}, make("img", { src, alt: names[data.truths[i]] }),
      make("figcaption", {}, answer, make("div", { class: "vote" }, bar), share, verdict))
    return { figure, answer, bar, share, verdict }
  }) : []
  const samplesTitle = make("div", { class: "title", style: "margin-bottom:.5rem" })
  const mixups = confusion.length ? make("canvas", { role: "img", "aria-label": words.mixups,
    "data-testid": "film-mixups" }) : null
  const mixupsTitle = make("div", { class: "title", style: "margin-bottom:.5rem" })
  const seen = make("div", { class: "seen" },
    ...(samples.length ? [make("div", {}, samplesTitle,
      make("div", { class: "samples", "data-testid": "film-samples" }, ...samples.map((s) => s.figure)))] : []),
    ...(mixups ? [make("div", { class: "mixups" }, mixupsTitle, mixups)] : []))
  const player = make("div", { class: "player", role: "group", "aria-label": data.label, "data-testid": "film" },
    make("div", { class: "bar" }, play, again, ...pills, time), slider, figures,
    make("div", { class: "charts" }, lossPanel, accuracyPanel), seen)
  root.replaceChildren(player)

  const latest = (rows, step) => {
    let found = null
    for (const row of rows) if (row.step <= step) found = row
    return found
  }
  const percent = (share) => words.percent.replace("{n}", (100 * share).toFixed(1))

  // The same look as the table of mix-ups elsewhere: errors warm, what is right blue.
  const drawMixups = (found, colours) => {
    const n = names.length
    const side = Math.min(mixups.parentElement.clientWidth, 544)
    mixups.style.height = `${side}px`
    const [context, w] = penOf(mixups)
    if (!w) return
    const words_ = n <= 12
    const left = words_ ? Math.min(130, 0.3 * w) : 0
    const cell = Math.min(w - left, side - (words_ ? 6 : 0)) / n
    const totals = names.map((_, t) => Math.max(1, found.cells.subarray(t * n, t * n + n).reduce((a, b) => a + b, 0)))
    let worst = 1e-9
    found.cells.forEach((count, i) => {
      if (Math.floor(i / n) !== i % n) worst = Math.max(worst, count / totals[Math.floor(i / n)])
    })
    Object.assign(context, { textBaseline: "middle" })
    found.cells.forEach((count, i) => {
      const [t, p] = [Math.floor(i / n), i % n]
      const share = count / totals[t]
      const mix = t === p ? 0.75 * share : count ? 0.08 + 0.84 * Math.sqrt(share / worst) : 0
      const [cx, cy] = [left + p * cell, t * cell]
      context.globalAlpha = 0.06
      context.fillStyle = colours.ink
      context.fillRect(cx, cy, cell - 1.5, cell - 1.5)
      context.globalAlpha = count ? mix : 0
      context.fillStyle = t === p ? "#3f6fc4" : "#d9480f"
      context.fillRect(cx, cy, cell - 1.5, cell - 1.5)
      context.globalAlpha = 1
      if (count && cell >= 26) {
        context.fillStyle = mix > 0.52 ? "#fff" : colours.ink
        context.textAlign = "center"
        context.font = `${Math.min(16, 0.36 * cell)}px ${colours.font}`
        context.fillText(count, cx + cell / 2 - 0.75, cy + cell / 2)
      }
    })
    if (!words_) return
    context.font = `14px ${colours.font}`
    context.textAlign = "right"
    context.fillStyle = colours.ink
    names.forEach((name, t) => {
      let shown = name
      while (shown.length > 3 && context.measureText(shown).width > left - 10) shown = `${shown.slice(0, -2)}…`
      context.fillText(shown, left - 8, t * cell + cell / 2)
    })
  }

  const put = (element, text) => { if (element.textContent !== text) element.textContent = text }
  const draw = () => {
    const colours = lookOf(root)
    player.classList.toggle("dark", brightness(colours.ink) > 0.5)
    const i = until(training.time, memory.at)
    const common = { steps: data.steps, at: training.step, last: i, dotsAt: validation.step,
      lastDot: until(validation.time, memory.at), dotColour: data.validationColour, colours }
    drawCurve(lossCanvas, { ...common, top: data.lossTop, values: training.loss,
      line: training.lossLine, dots: validation.loss, tick: short })
    drawCurve(accuracyCanvas, { ...common, top: 1, values: training.accuracy,
      line: training.accuracyLine, dots: validation.accuracy, tick: whole })
    const step = i < 0 ? 0 : training.step[i]
    const dot = until(validation.time, memory.at)
    const shown = {
      epoch: `${Math.min(data.epochs, Math.ceil(Math.max(1, step) / data.perEpoch))} / ${data.epochs}`,
      step: `${step.toLocaleString("en")} / ${data.steps.toLocaleString("en")}`,
      validationRight: dot < 0 ? "–" : percent(validation.accuracy[dot]),
      trainingRight: i < 0 ? "–" : percent(training.accuracyLine[i]),
      speedNow: i < 0 ? "–" : Math.round(training.speed?.[i] ?? 0).toLocaleString("en"),
      rate: i < 0 ? "–" : `${+(training.rate?.[i] ?? 0).toPrecision(3)}`,
    }
    for (const name of fields) put(values[name], shown[name])
    const upTo = Math.max(step, dot < 0 ? 0 : validation.step[dot])
    if (samples.length) {
      const found = latest(data.samples, upTo) ?? data.samples[0]
      let right = 0
      samples.forEach((one, k) => {
        const good = found.answers[k] === data.truths[k]
        right += good
        put(one.answer, names[found.answers[k]])
        one.bar.style.width = `${100 * found.shares[k]}%`
        put(one.share, percent(found.shares[k]))
        one.verdict.className = good ? "right" : "wrong"
        put(one.verdict, good ? `✓ ${words.right}` : `✗ ${filled(words.is, { name: names[data.truths[k]] })}`)
      })
      put(samplesTitle, filled(words.samples, { right, count: samples.length }))
    }
    if (mixups) {
      const found = latest(confusion, upTo)
      mixups.style.visibility = found ? "visible" : "hidden"
      put(mixupsTitle, found ? filled(words.mixupsAfter, { epoch: Math.round(found.step / data.perEpoch) }) : words.mixups)
      drawMixups(found ?? confusion[0], colours)
    }
    slider.value = Math.round((1000 * memory.at) / data.seconds)
    slider.setAttribute("aria-valuetext", `${words.step} ${shown.step}`)
    put(time, `${clock(memory.at)} / ${clock(data.seconds)}`)
    player.dataset.step = step
    player.dataset.playing = memory.playing
  }
  const mark = () => {
    play.textContent = memory.playing ? `❚❚ ${words.pause}` : `▶ ${words.play}`
    pills.forEach((pill, i) => pill.setAttribute("aria-pressed", String(i === memory.speed)))
  }
  const tick = (now) => {
    if (!memory.playing) return
    memory.at = Math.min(data.seconds, memory.at + Math.min(0.25, (now - memory.last) / 1000) * speeds[memory.speed])
    memory.last = now
    if (memory.at >= data.seconds) memory.playing = false
    draw()
    mark()
    if (memory.playing) memory.frame = requestAnimationFrame(tick)
  }
  const start = () => {
    cancelAnimationFrame(memory.frame)
    Object.assign(memory, { playing: true, last: performance.now() })
    memory.frame = requestAnimationFrame(tick)
    mark()
  }
  const pause = () => {
    memory.playing = false
    mark()
    draw()
  }
  const toggle = () => {
    if (memory.playing) return pause()
    if (memory.at >= data.seconds) seek(0)
    start()
  }
  const seek = (to) => {
    memory.at = Math.min(data.seconds, Math.max(0, to))
    draw()
  }
  memory.observer?.disconnect()
  memory.observer = new ResizeObserver(() => draw())
  memory.observer.observe(player)
  mark()
  draw()
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches
  if (memory.playing || (memory.at === 0 && !calm)) start()
  return atTheEnd(memory, () => {
    memory.observer.disconnect()
    cancelAnimationFrame(memory.frame)
  })
}

const clock = (seconds) => {
  const whole = Math.floor(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
}

// 0 (black) to 1 (white) of a colour as the browser writes it.
const brightness = (colour) => {
  const [r, g, b] = (colour.match(/[\d.]+/g) ?? [0, 0, 0]).map(Number)
  return (0.3 * r + 0.6 * g + 0.1 * b) / 255
}
