export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const { cells, names } = data
  const n = names.length
  const byColumn = data.shares === "column"
  const sums = names.map((_, c) => Math.max(1, byColumn
    ? cells.reduce((sum, row) => sum + row[c], 0) : cells[c].reduce((a, b) => a + b, 0)))
  const shareOf = (t, p) => cells[t][p] / sums[byColumn ? p : t]
  const inWords = (share, digits) => data.percent.replace("{number}", (100 * share).toFixed(digits))
  const shown = (t, p) => {
    if (data.shares === "count" || !cells[t][p]) return cells[t][p] || ""
    return 100 * shareOf(t, p) < 0.5 ? "<1" : (100 * shareOf(t, p)).toFixed(0)
  }
  const order = data.order ?? names.map((_, c) => c)
  let worst = 1e-9
  cells.forEach((row, t) => row.forEach((count, p) => {
    if (t !== p) worst = Math.max(worst, shareOf(t, p))
  }))

  const sentence = make("div", { class: "sentence idle", "aria-live": "polite",
    "data-testid": "matrix-sentence" }, data.hint)
  const heads = { rows: [], columns: [] }
  const grid = make("div", { class: "matrix", role: "grid", "data-testid": "matrix" },
    make("div", { class: "corner" }, make("span", {}, `${data.predictedTitle} →`),
      make("span", {}, `${data.trueTitle} ↓`)))
  order.forEach((c) => {
    const name = names[c]
    const head = make("div", { class: "head column", title: name }, make("span", {}, name))
    heads.columns[c] = head
    grid.append(head)
  })
  const buttons = []
  const says = (t, p) => filled(t === p ? data.rightSentence : data.errorSentence, {
    images: counted(data.images, cells[t][p]), true: names[t], predicted: names[p],
    share: inWords(shareOf(t, p), 1) })
  const show = (t, p) => {
    heads.rows.forEach((head, i) => head.classList.toggle("on", i === t))
    heads.columns.forEach((head, i) => head.classList.toggle("on", i === p))
    sentence.textContent = t === null ? data.hint : says(t, p)
    sentence.classList.toggle("idle", t === null)
  }
  order.forEach((t) => {
    const name = names[t]
    const head = make("div", { class: "head row", title: name }, make("span", {}, name))
    heads.rows[t] = head
    grid.append(head)
    order.forEach((p) => {
      const count = cells[t][p]
      const share = shareOf(t, p)
      // Square roots: one error among a thousand is still to be seen.
      const mix = t === p ? 75 * share : 8 + 84 * Math.sqrt(share / worst)
      const chosen = data.selected && data.selected[0] === t && data.selected[1] === p
      const button = make("button", { type: "button", "data-testid": `cell-${t}-${p}`,
        class: `cell ${t === p ? "right" : "wrong"} ${count && mix > 52 ? "deep" : ""}`,
        style: `--mix:${count ? mix.toFixed(1) : 0}%`, tabindex: buttons.length ? "-1" : "0",
        "aria-label": says(t, p), "aria-pressed": String(Boolean(chosen)),
        onclick: () => setTriggerValue("clicked", [t, p]), onfocus: () => show(t, p),
        onpointerenter: () => show(t, p) }, make("span", {}, shown(t, p)))
      buttons.push(button)
      grid.append(button)
    })
  })
  grid.onpointerleave = () => show(null, null)
  grid.onkeydown = (event) => {
    const at = buttons.indexOf(event.target)
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: n, ArrowUp: -n }[event.key]
    const next = buttons[at + step]
    if (at < 0 || !step || !next) return
    event.preventDefault()
    event.target.tabIndex = -1
    next.tabIndex = 0
    next.focus()
  }
  const scroll = make("div", { class: "scroll" }, grid)
  root.replaceChildren(sentence, scroll)

  const digits = Math.max(...cells.flatMap((row, t) => row.map((_, p) => String(shown(t, p)).length)))
  const fit = () => {
    if (!root.clientWidth) return
    grid.style.setProperty("--n", n)
    grid.style.setProperty("--words", n <= 12 ? "1em" : n <= 25 ? ".86em" : ".72em")
    const names = Math.max(...heads.rows.map((head) => head.offsetWidth))
    const least = n <= 10 ? 22 : n <= 20 ? 26 : 18 // ten classes fit beside their names on a phone
    const high = Math.floor(Math.max(least, Math.min((0.8 * window.innerHeight - 110) / n, 76)))
    // Cells may be wider than high: on a wide screen names then fit above them, and large numbers.
    const room = (root.clientWidth - names - 16) / n - 2
    const wide = Math.floor(Math.max(least, Math.min(room, 1.8 * high)))
    const size = Math.min(24, 0.42 * high + 4, wide / (0.62 * digits + 0.45))
    grid.style.setProperty("--wide", `${wide}px`)
    grid.style.setProperty("--high", `${Math.min(high, wide)}px`)
    grid.style.setProperty("--digits", size < 9 ? "0" : `${size.toFixed(1)}px`)
    const longest = Math.max(...heads.rows.map((head) => head.firstChild.offsetWidth))
    grid.classList.toggle("flat", wide >= longest + 4)
  }
  memory.observer?.disconnect()
  memory.observer = new ResizeObserver(fit)
  memory.observer.observe(root)
  fit()
  return atTheEnd(memory, () => memory.observer.disconnect())
}
