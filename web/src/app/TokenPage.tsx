import { Button, Field, Input } from "@fluentui/react-components";
import { useState } from "react";
import { token } from "../api/client";
import { text } from "../text/en";
import { Mark } from "./Shell";

/** Asks for the bearer token that the server wants. */
export function TokenPage({ onDone }: { onDone: () => void }) {
  const [value, setValue] = useState("");
  const refused = token.get() !== "";
  return (
    <main className="token-page">
      <form
        className="token-card"
        onSubmit={(e) => {
          e.preventDefault();
          token.set(value.trim());
          onDone();
        }}
      >
        <Mark size={40} />
        <h1>{text.token.title}</h1>
        <p>{text.token.detail}</p>
        <Field label={text.token.label} validationMessage={refused ? text.token.refused : undefined}>
          <Input type="password" autoComplete="off" value={value} onChange={(_, d) => setValue(d.value)} autoFocus />
        </Field>
        <Button appearance="primary" type="submit" disabled={value.trim() === ""}>{text.token.submit}</Button>
      </form>
    </main>
  );
}
