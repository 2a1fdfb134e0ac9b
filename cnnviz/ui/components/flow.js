export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const click = (what) => setTriggerValue("clicked", what)
  const checks = []

  const picture = (item, what, testid, extra = "") => {
    const image = make("img", { alt: "", draggable: "false" })
    checks.push(crispWhenEnlarged(image))
    image.src = item.src
    return make("button", { class: `picture ${extra}`, "aria-label": item.label, title: item.label,
      "data-testid": testid, type: "button", onclick: () => click(what) }, image)
  }
  const caption = (lines) =>
    make("div", { class: "caption" }, ...lines.filter(Boolean).map((line) => make("div", {}, line)))
  const stop = (extra, content, lines) =>
    make("div", { class: `stop ${extra}` }, content, caption(lines))

  // Groups of things that lines connect, from left to right (on a phone: top to bottom).
  const photo = picture(data.photo, { kind: "photo" }, "flow-photo")
  const columns = data.columns.map((column, c) => column.tiles.map((tile, t) =>
    picture(tile, { kind: "tile", layer: column.layer, channel: tile.channel },
      `flow-tile-${c}-${t}`, "tile")))
  const heatmap = picture(data.heatmap, { kind: "heatmap" }, "flow-heatmap")
  const answers = data.answers.map((answer, i) =>
    make("button", { class: `answer ${i === 0 ? "first" : ""}`, type: "button", title: answer.name,
      "aria-label": `${answer.name}, ${answer.label}`, "data-testid": `flow-answer-${i}`,
      onclick: () => click({ kind: "answer", index: answer.index }) },
    make("span", { class: "name" }, answer.name),
    make("span", { class: "line" }, make("span", { class: "bar", style: `--share:${answer.bar}` }),
      make("span", { class: "share" }, answer.label))))

  const lines = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  lines.setAttribute("aria-hidden", "true")
  const list = make("div", { class: "answers" }, ...answers)
  const flow = make("div", { class: "flow", style: `--columns:${columns.length}`,
    "data-testid": "flow" }, lines,
  stop("large", photo, [data.photo.caption]),
  ...columns.map((tiles, c) => stop("", make("div", { class: "pictures" }, ...tiles),
    data.columns[c].caption)),
  stop("large", heatmap, [data.heatmap.caption]),
  stop("", list, [data.answersCaption]))
  root.replaceChildren(flow)

  const groups = [[photo], ...columns, [heatmap], [list]]
  const draw = () => {
    const frame = flow.getBoundingClientRect()
    if (!frame.width) return
    checks.forEach((check) => check())
    const down = root.clientWidth <= 760
    const boxes = groups.map((group) => group.map((e) => [e, e.getBoundingClientRect()]))
    const paths = []
    for (let g = 0; g + 1 < boxes.length; g++) {
      for (const [from, a] of boxes[g]) {
        for (const [to, b] of boxes[g + 1]) {
          const [x1, y1, x2, y2] = down
            ? [a.left + a.width / 2, a.bottom, b.left + b.width / 2, b.top]
            : [a.right, a.top + a.height / 2, b.left, b.top + b.height / 2]
          // Captions of a column lie between it and the next one on a phone: start below them.
          const below = down ? from.closest(".stop").getBoundingClientRect().bottom + 3 : y1
          const start = [x1 - frame.left + (down ? 0 : 3), below - frame.top]
          const end = [x2 - frame.left - (down ? 0 : 3), y2 - frame.top - (down ? 3 : 0)]
          const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
          const [mx, my] = [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2]
          path.setAttribute("d", down
            ? `M${start}C${start[0]},${my} ${end[0]},${my} ${end}`
            : `M${start}C${mx},${start[1]} ${mx},${end[1]} ${end}`)
          paths.push(path)
          path.ends = [from, to]
        }
      }
    }
    lines.replaceChildren(...paths)
  }
  const light = (event) => {
    const away = event.type === "pointerleave" || event.type === "focusout" ||
      (event.type === "focusin" && !event.target.matches(":focus-visible"))
    const target = away ? null : event.target.closest(".picture")
    for (const path of lines.children) path.classList.toggle("lit", path.ends.includes(target))
  }
  flow.onpointerover = light
  flow.onpointerleave = light
  flow.onfocusin = light
  flow.onfocusout = light

  memory.observer?.disconnect()
  memory.observer = new ResizeObserver(draw)
  memory.observer.observe(flow)
  return atTheEnd(memory, () => memory.observer.disconnect())
}
