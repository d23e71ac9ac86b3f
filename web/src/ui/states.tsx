import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, Skeleton, SkeletonItem } from "@fluentui/react-components";
import { DocumentSearchRegular, ErrorCircleRegular, LockClosedRegular } from "./icons";
import type { ReactNode } from "react";
import type { ApiError } from "../api/client";
import type { Role } from "../api/types";
import { text } from "../text/en";

interface EmptyProps { title: string; detail?: ReactNode; icon?: ReactNode; action?: ReactNode }

/** Nothing to show, and what that means. */
export function EmptyView({ title, detail, icon, action }: EmptyProps) {
  return (
    <div className="state-view">
      <span className="state-icon">{icon ?? <DocumentSearchRegular />}</span>
      <h2>{title}</h2>
      {detail && <p>{detail}</p>}
      {action}
    </div>
  );
}

/** A page that could not be loaded. */
export function FailureView({ error, onRetry }: { error: ApiError; onRetry?: () => void }) {
  return (
    <div className="state-view" role="alert">
      <span className="state-icon state-bad"><ErrorCircleRegular /></span>
      <h2>{text.failure.titles[error.code] ?? text.failure.title}</h2>
      <p>{error.message}</p>
      {error.requestId && error.code === "internal" && <p className="muted mono">{text.failure.request} {error.requestId}</p>}
      {onRetry && <Button onClick={onRetry}>{text.failure.retry}</Button>}
    </div>
  );
}

/** A page that the role does not reach. */
export function NoPermission({ role }: { role: Role }) {
  return <EmptyView icon={<LockClosedRegular />} title={text.noPermission.title} detail={text.noPermission.detail(text.roles[role]!)} />;
}

/** What is shown is old, because fetching anew failed. */
export function StaleBar({ error, onRetry }: { error: ApiError | undefined; onRetry: () => void }) {
  if (!error) return null;
  return (
    <MessageBar intent="warning" className="stale-bar">
      <MessageBarBody><MessageBarTitle>{text.failure.stale}</MessageBarTitle>{error.message}</MessageBarBody>
      <MessageBarActions><Button size="small" onClick={onRetry}>{text.failure.retry}</Button></MessageBarActions>
    </MessageBar>
  );
}

/** What somebody asked for could not be done. */
export function ErrorBar({ error, className }: { error: ApiError | undefined; className?: string }) {
  return error ? <MessageBar intent="error" className={className}><MessageBarBody>{error.message}</MessageBarBody></MessageBar> : null;
}

/** The outline of a list while it is fetched for the first time. */
export function LoadingRows({ rows = 6 }: { rows?: number }) {
  return (
    <Skeleton aria-label={text.loading} className="loading-rows">
      {Array.from({ length: rows }, (_, i) => <SkeletonItem key={i} size={32} />)}
    </Skeleton>
  );
}
