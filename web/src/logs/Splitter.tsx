import { useRef, type PointerEvent } from "react";
import { text } from "../text/en";

const least = 90;
const most = 640;

/** Divides the editor from the results; dragged, or moved with arrow keys. */
export function Splitter({ height, onHeight }: { height: number; onHeight: (height: number) => void }) {
  const start = useRef<{ y: number; height: number } | undefined>(undefined);
  const set = (h: number) => onHeight(Math.max(least, Math.min(most, h)));
  return (
    <div
      className="splitter" role="separator" aria-orientation="horizontal" aria-label={text.logs.splitter} tabIndex={0}
      aria-valuenow={height} aria-valuemin={least} aria-valuemax={most}
      onPointerDown={(e: PointerEvent<HTMLDivElement>) => {
        e.currentTarget.setPointerCapture(e.pointerId);
        start.current = { y: e.clientY, height };
      }}
      onPointerMove={(e) => start.current && set(start.current.height + e.clientY - start.current.y)}
      onPointerUp={() => (start.current = undefined)}
      onKeyDown={(e) => {
        if (e.key === "ArrowUp") set(height - 24);
        else if (e.key === "ArrowDown") set(height + 24);
        else return;
        e.preventDefault();
      }}
    />
  );
}
