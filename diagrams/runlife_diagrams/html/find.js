// The search: what has the words in its name stays, the rest steps back, in the picture and in the table.
function makeFinder(model, svg, field, walk, say) {
  const text = (node) => node.textContent.toLowerCase();

  function found(words) {
    const has = (name) => words !== "" && name.includes(words);
    return [
      ...model.nodes.filter((part) => has(text(part.name))),
      ...model.edges.filter((part) => part.rows.some((row) => has(text(row.event)))),
    ];
  }

  function find() {
    const words = field.value.trim().toLowerCase();
    const parts = found(words);
    for (const element of svg.querySelectorAll(".found")) element.classList.remove("found");
    svg.classList.toggle("finding", words !== "");
    for (const part of parts) for (const one of [part, part.bundle]) one?.group.classList.add("found");
    for (const { line } of model.rows) {
      const [source, name, target] = line.cells;
      line.hidden = ![source, name, target].some((cell) => text(cell).includes(words));
    }
    const statuses = parts.filter((part) => part.kind === "node").length;
    if (words !== "") say(`found: ${statuses} of the statuses, ${parts.length - statuses} of the lines`);
    return parts;
  }

  function clear() {
    field.value = "";
    find();
  }

  field.addEventListener("input", find);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    const [first] = find();
    if (first) walk.go(first);
  });
  return { clear };
}
