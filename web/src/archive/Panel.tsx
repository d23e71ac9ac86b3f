import type { ReactNode } from "react";

/** A part of the page, with what can be done about it beside its title. */
export function Panel({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <section className="panel archive-panel" aria-label={title}>
      <div className="archive-head"><h2>{title}</h2>{action}</div>
      {children}
    </section>
  );
}

/** A name and its value, in a list of facts. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <div><dt>{name}</dt><dd className="numeric">{children}</dd></div>;
}
