import { Component, type ReactNode } from "react";
import { explain } from "../api/client";
import { FailureView } from "../ui/states";

/** Shows what a page threw instead of an empty window. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { cause?: unknown }> {
  override state: { cause?: unknown } = {};

  static getDerivedStateFromError(cause: unknown) {
    return { cause };
  }

  override render() {
    if (this.state.cause === undefined) return this.props.children;
    return <FailureView error={explain(this.state.cause)} onRetry={() => location.reload()} />;
  }
}
