// The parts of the picture and what they mean, read from the page: the tables say it, the picture bears the ids.
function readModel(svg) {
  const parts = new Map();
  const rows = [];
  for (const group of svg.querySelectorAll("g.node[id]")) {
    parts.set(group.id, { id: group.id, kind: "node", group, out: [], in: [], rows: [] });
  }
  for (const line of document.querySelectorAll("tr[data-node]")) {
    const part = parts.get(line.dataset.node);
    if (!part) continue;
    const link = line.cells[0].querySelector("a");
    Object.assign(part, { line, title: [...link.childNodes], name: link.querySelector("code") ?? link.firstChild });
  }
  for (const line of document.querySelectorAll("tr[data-row]")) {
    const { row: id, source, target, cause } = line.dataset;
    rows.push({ id, line, source, target, cause, event: line.cells[1].querySelector("a") });
  }
  for (const group of svg.querySelectorAll("g.edge[data-rows]")) {
    const ids = group.dataset.rows.split(" ");
    const own = rows.filter((row) => ids.includes(row.id));
    const part = { id: group.id, kind: "edge", group, rows: own, members: [] };
    part.source = parts.get(own[0].source);
    part.target = parts.get(own[0].target);
    part.bundle = group.dataset.bundle;
    for (const row of own) row.edge = part;
    part.source.out.push(part);
    part.target.in.push(part);
    parts.set(part.id, part);
  }
  // What several edges have in common is a part of its own.
  for (const group of svg.querySelectorAll("g.bundle[id]")) {
    const members = [...parts.values()].filter((part) => part.bundle === group.id);
    const part = { id: group.id, kind: "bundle", group, members, rows: members.flatMap((member) => member.rows) };
    part.target = members[0]?.target;
    for (const member of members) member.bundle = part;
    parts.set(part.id, part);
  }
  for (const part of parts.values()) {
    if (part.kind === "node") part.rows = [...new Set([...part.out, ...part.in].flatMap((edge) => edge.rows))];
  }
  return {
    parts,
    rows,
    part: (id) => parts.get(id) ?? rows.find((row) => row.id === id)?.edge ?? null,
    holding: (element) => parts.get(element?.closest?.("g.node[id], g.edge[id]")?.id) ?? null,
    nodes: [...parts.values()].filter((part) => part.kind === "node"),
    edges: [...parts.values()].filter((part) => part.kind === "edge"),
  };
}

// Everything that lights up with a part: the edge with both its ends, the status with all its ways.
function around(part) {
  const edges = part.kind === "node" ? [...part.out, ...part.in] : [part, ...part.members];
  const lit = new Set([part]);
  for (const edge of edges) {
    for (const one of [edge, edge.bundle, edge.source, edge.target]) if (one) lit.add(one);
  }
  return lit;
}

// An element with attributes and children; text is only ever text.
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
