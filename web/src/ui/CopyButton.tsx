import { Button, Tooltip } from "@fluentui/react-components";
import { text } from "../text/en";
import { CheckmarkRegular, CopyRegular } from "./icons";
import { useCopy } from "./copy";

const said = (copied: boolean | undefined) => (copied === undefined ? text.copy : copied ? text.copied : text.notCopied);

/** Copies a text, and says whether it did. */
export function CopyButton({ value }: { value: string }) {
  const { copied, copy } = useCopy();
  return <Button icon={copied ? <CheckmarkRegular /> : <CopyRegular />} onClick={() => copy(value)}><span aria-live="polite">{said(copied)}</span></Button>;
}

/** The same as an icon; of is whatever is copied. */
export function CopyIcon({ value, of, className }: { value: () => string; of: string; className?: string }) {
  const { copied, copy } = useCopy();
  return (
    <>
      <Tooltip content={text.copyOf(of)} relationship="label">
        <Button className={className} size="small" appearance="transparent" icon={copied ? <CheckmarkRegular /> : <CopyRegular />} onClick={() => copy(value())} />
      </Tooltip>
      <span role="status" className="small">{copied !== undefined && said(copied)}</span>
    </>
  );
}
