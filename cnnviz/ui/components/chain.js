const TALL = 104 // pixels of the image's longer side; everything else is drawn to this scale
const COLOURS = { image: "other", conv: "conv", pool: "pool", dense: "dense", other: "other" }

const svg = (tag, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  return element
}

// A box in perspective: its front shows the channels and the height, its side the width.
const solid = (link, longest) => {
  let [height, front, side] = [TALL * 0.6, 26, 0]
  const shape = link.shape
  if (shape && shape.length === 3) {
    height = Math.max(4, (TALL * shape[0]) / longest)
    side = Math.max(3, (0.34 * TALL * shape[1]) / longest)
    front = link.family === "image" ? 3 : 3 + 4.5 * Math.log2(1 + shape[2])
  } else if (shape) {
    height = Math.min(TALL, 10 + 8.5 * Math.log2(1 + shape[0]))
    ;[front, side] = [9, 5]
  }
  if (link.family === "other" && shape) front = Math.min(front, 7)
  const rise = 0.6 * side
  const [w, h] = [front + side, height + rise]
  const box = svg("svg", { width: w + 4, height: h + 4, viewBox: `-2 -2 ${w + 4} ${h + 4}`,
    class: `solid ${COLOURS[link.family]} ${shape ? "" : "unknown"}`, "aria-hidden": "true" })
  if (side) {
    box.append(
      svg("path", { class: "top", d: `M0 ${rise}L${side} 0L${w} 0L${front} ${rise}Z` }),
      svg("path", { class: "side", d: `M${front} ${rise}L${w} 0L${w} ${height}L${front} ${h}Z` }))
  }
  box.append(svg("rect", { class: "front", x: 0, y: rise, width: front, height }))
  return box
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const end = () => atTheEnd(memory, () => clearTimeout(memory.timer))
  // An answer to something older than the last change would undo it on the screen.
  if (memory.serial > data.serial) return end()
  memory.serial = data.serial
  const { links, texts } = data
  const kinds = Object.fromEntries(data.choices.map((choice) => [choice.name, choice]))
  let blocks = links.filter((link) => link.index !== null)
    .map((link) => ({ kind: link.kind, settings: { ...link.settings } }))
  memory.selected = Math.min(Math.max(memory.selected ?? 0, 0), blocks.length - 1)

  const send = (what) => {
    clearTimeout(memory.timer)
    memory.serial += 1
    setTriggerValue("done", { ...what, serial: memory.serial })
  }
  const sendBlocks = (wait = 0) => {
    clearTimeout(memory.timer)
    root.classList.add("busy")
    const now = () => send({ what: "blocks", blocks })
    if (wait) memory.timer = setTimeout(now, wait)
    else now()
  }
  const focusOn = (testid) => { memory.focus = testid }
  const choose = (index, focus = true) => {
    memory.selected = index
    for (const box of boxes) {
      const on = Number(box.dataset.index) === index
      box.classList.toggle("selected", on)
      box.setAttribute("aria-pressed", String(on))
      box.tabIndex = on ? 0 : -1
      if (on && focus) box.focus()
      if (on) strip.scrollLeft = box.offsetLeft - (strip.clientWidth - box.clientWidth) / 2
    }
    drawPanel()
  }

  const actions = {
    move: (by) => {
      const from = memory.selected
      const to = from + by
      if (to < 0 || to >= blocks.length) return
      blocks.splice(to, 0, ...blocks.splice(from, 1))
      memory.selected = to
      sendBlocks()
    },
    copy: () => {
      if (data.full) return
      const block = blocks[memory.selected]
      blocks.splice(memory.selected + 1, 0, { kind: block.kind, settings: { ...block.settings } })
      memory.selected += 1
      sendBlocks()
    },
    remove: () => {
      if (blocks.length < 2) return
      blocks.splice(memory.selected, 1)
      memory.selected = Math.max(0, memory.selected - 1)
      sendBlocks()
    },
    add: (kind) => {
      const settings = Object.fromEntries(kind.fields.map((field) => [field.name, field.default]))
      blocks.splice(memory.selected + 1, 0, { kind: kind.name, settings })
      memory.selected += 1
      sendBlocks()
    },
  }

  // The chain.
  const longest = Math.max(...links[0].shape.slice(0, 2))
  const boxes = []
  const strip = make("div", { class: "strip", role: "group", "aria-label": texts.chain,
    "data-testid": "chain" })
  for (const link of links) {
    const inside = [make("span", { class: "stage" }, solid(link, longest)),
      make("span", { class: "words" }, ...link.lines.map((line) => make("span", {}, line)))]
    if (link.index === null) {
      strip.append(make("div", { class: "link fixed", title: link.title }, ...inside))
      continue
    }
    const box = make("button", { class: `link ${link.broken ? "broken" : ""}`, type: "button",
      title: link.title, "aria-label": link.title, "data-testid": `block-${link.index}`,
      "data-index": link.index, onclick: () => choose(link.index) }, ...inside)
    boxes.push(box)
    strip.append(box)
  }
  strip.onkeydown = (event) => {
    const own = event.target.closest("[data-index]")
    if (own && Number(own.dataset.index) !== memory.selected) choose(Number(own.dataset.index))
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step && event.shiftKey) {
      focusOn(`block-${memory.selected + step}`)
      actions.move(step)
    } else if (step) {
      const next = memory.selected + step
      if (next >= 0 && next < blocks.length) choose(next)
    } else if (event.key === "Delete" || event.key === "Backspace") {
      focusOn(`block-${Math.max(0, memory.selected - 1)}`)
      actions.remove()
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      focusOn(`block-${memory.selected}`)
      if (data.canUndo) send({ what: "undo" })
    } else return
    event.preventDefault()
  }

  // What can be done with the chosen block.
  const panel = make("div", { class: "panel" })
  const pill = (text, testid, onclick, disabled = false, title = undefined) => {
    const button = make("button", { class: "pill", type: "button", "data-testid": testid, title,
      onclick: () => { focusOn(testid); onclick() } }, text)
    button.disabled = disabled
    return button
  }
  const numberField = (block, field, id) => {
    const input = make("input", { type: "number", min: field.low, max: field.high,
      step: field.step, id, "data-testid": id, inputmode: "decimal" })
    input.value = block.settings[field.name]
    const set = (value, wait) => {
      const decimals = field.step < 1 ? 100 : 1
      const held = Math.min(field.high, Math.max(field.low, Math.round(value * decimals) / decimals))
      if (!Number.isFinite(held)) { input.value = block.settings[field.name]; return }
      input.value = held
      if (held === block.settings[field.name]) return
      block.settings[field.name] = held
      focusOn(id)
      sendBlocks(wait)
    }
    input.onchange = () => set(parseFloat(input.value), 0)
    // Channels and units are powers of two by custom: the buttons double and halve.
    const doubles = field.high > 100
    const steps = (up) => {
      const now = Number(block.settings[field.name])
      if (!doubles) return now + (up ? field.step : -field.step)
      return up ? now * 2 : Math.floor(now / 2)
    }
    const stepper = (sign, up, label) => make("button", { class: "pill step", type: "button",
      "aria-label": `${field.title}: ${label}`, title: label, "data-testid": `${id}-${up ? "up" : "down"}`,
      onclick: () => { set(steps(up), 250); focusOn(`${id}-${up ? "up" : "down"}`) } }, sign)
    return make("span", { class: "number" },
      stepper("−", false, doubles ? texts.half : texts.less), input,
      stepper("+", true, doubles ? texts.twice : texts.more))
  }
  const choiceField = (block, field, id) =>
    make("span", { class: "choices", role: "radiogroup", "aria-label": field.title },
      ...field.choices.map(([value, label]) => make("button", { type: "button", role: "radio",
        class: `pill ${block.settings[field.name] === value ? "on" : ""}`,
        "aria-checked": String(block.settings[field.name] === value),
        "data-testid": `${id}-${value.replace(" ", "-")}`,
        onclick: () => {
          block.settings[field.name] = value
          focusOn(`${id}-${value.replace(" ", "-")}`)
          sendBlocks()
        } }, label)))

  const drawPanel = () => {
    const block = blocks[memory.selected]
    const kind = kinds[block.kind]
    const shape = links.find((link) => link.index === memory.selected)?.shape
    const fields = kind.fields.map((field) => {
      const id = `field-${field.name}`
      const inner = (field.choices.length ? choiceField : numberField)(block, field, id)
      return make("div", { class: "field" }, make("label", { for: id }, field.title), inner)
    })
    const last = blocks.length - 1
    panel.replaceChildren(
      make("div", { class: "what" },
        make("strong", {}, kind.title), make("span", { class: "story" }, kind.story)),
      make("div", { class: "fields" }, ...fields),
      make("div", { class: "row" },
        pill(`← ${texts.earlier}`, "move-earlier", () => actions.move(-1), memory.selected === 0),
        pill(`${texts.later} →`, "move-later", () => actions.move(1), memory.selected === last),
        pill(texts.copy, "copy-block", actions.copy, data.full),
        pill(texts.remove, "remove-block", actions.remove, last === 0),
        pill(`↶ ${texts.undo}`, "undo-block", () => send({ what: "undo" }), !data.canUndo)),
      make("div", { class: "row" }, make("span", { class: "lead" }, texts.add),
        ...data.choices.map((choice) => {
          const flat = choice.needs_picture && shape && shape.length < 3
          return pill(choice.title, `add-${choice.name}`, () => actions.add(choice),
            data.full || Boolean(flat), flat ? texts.flat : choice.story)
        })))
  }

  const tellsWhy = data.problem
    ? [make("div", { class: "problem", role: "alert", "data-testid": "chain-problem" }, data.problem)]
    : []
  const starts = make("div", { class: "row starts" }, make("span", { class: "lead" }, texts.start),
    ...data.presets.map(([name, title]) =>
      pill(title, `preset-${name}`, () => { memory.selected = 0; send({ what: "preset", name }) })))
  drawPanel()
  root.classList.remove("busy")
  const scrolled = root.querySelector(".strip")?.scrollLeft ?? 0
  root.replaceChildren(starts, strip,
    make("div", { class: "summary", "data-testid": "chain-summary" }, data.summary),
    ...tellsWhy, panel, make("div", { class: "hint" }, texts.keys))
  strip.scrollLeft = scrolled
  choose(memory.selected, false)
  if (memory.focus) root.querySelector(`[data-testid="${CSS.escape(memory.focus)}"]`)?.focus()
  memory.focus = null
  return end()
}
