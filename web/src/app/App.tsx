import { FluentProvider, Spinner } from "@fluentui/react-components";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { api, explain, onSignInWanted, type ApiError } from "../api/client";
import type { Session } from "../api/types";
import { text } from "../text/en";
import { EmptyView, FailureView } from "../ui/states";
import { ErrorBoundary } from "./ErrorBoundary";
import { redirect, useLocation } from "./router";
import { SessionContext, SettingsContext, systemScheme, useStored, type Scheme } from "./settings";
import { Shell } from "./Shell";
import { themes } from "./theme";
import { SignInPage } from "./SignInPage";

// The editor and the charts are large: each page loads when it is first opened.
const HomePage = lazy(() => import("../home/HomePage"));
const LogsPage = lazy(() => import("../logs/LogsPage"));
const QueuePage = lazy(() => import("../incidents/QueuePage"));
const EntityPage = lazy(() => import("../incidents/EntityPage"));
const DetailPage = lazy(() => import("../incidents/DetailPage"));
const HuntingPage = lazy(() => import("../hunting/HuntingPage"));
const ReportsPage = lazy(() => import("../hunting/ReportsPage"));
const RulesPage = lazy(() => import("../rules/RulesPage"));
const AutomationPage = lazy(() => import("../automation/AutomationPage"));
const DashboardsPage = lazy(() => import("../dashboards/DashboardsPage"));
const DashboardPage = lazy(() => import("../dashboards/DashboardPage"));
const ConnectorsPage = lazy(() => import("../connectors/ConnectorsPage"));
const ArchivePage = lazy(() => import("../archive/ArchivePage"));
const AssurancePage = lazy(() => import("../assurance/AssurancePage"));
const AccountPage = lazy(() => import("../people/AccountPage"));
const SettingsPage = lazy(() => import("../settings/SettingsPage"));

export function App() {
  const [scheme, setScheme] = useStored<Scheme>("quoll.scheme", systemScheme(), ["light", "dark"]);
  const [zone, setZone] = useStored("quoll.zone", "utc", ["utc", "local"] as const);
  const path = useLocation().split("#")[0]!;
  const who = useWho(path);
  useEffect(() => {
    document.documentElement.style.colorScheme = scheme;
  }, [scheme]);
  const settings = useMemo(() => ({ scheme, setScheme, zone, setZone }), [scheme, setScheme, zone, setZone]);

  return (
    <FluentProvider theme={themes[scheme]} className={`theme theme-${scheme}`}>
      <SettingsContext.Provider value={settings}>
        <div className="app">
          {who.state === "known" ? (
            <SessionContext.Provider value={who.session}>
              <Shell path={path} onSignedOut={who.ask}>
                <ErrorBoundary key={path}>
                  <Suspense fallback={<div className="page-loading"><Spinner label={text.loading} /></div>}>
                    <Page path={path} onSession={who.know} />
                  </Suspense>
                </ErrorBoundary>
              </Shell>
            </SessionContext.Provider>
          ) : who.state === "asked" ? (
            <SignInPage onDone={who.know} />
          ) : who.state === "failed" ? (
            <main className="sign-in-page"><FailureView error={who.error} onRetry={who.retry} /></main>
          ) : (
            <main className="sign-in-page"><Spinner label={text.loading} /></main>
          )}
        </div>
      </SettingsContext.Provider>
    </FluentProvider>
  );
}

type Who = { state: "asking" } | { state: "asked" } | { state: "failed"; error: ApiError } | { state: "known"; session: Session };

/** Finds out who is signed in; a link in the address is for SignInPage. */
function useWho(path: string): Who & { know: (session: Session) => void; ask: () => void; retry: () => void } {
  const [who, setWho] = useState<Who>({ state: path === "/sign-in" ? "asked" : "asking" });
  const know = useCallback((session: Session) => {
    if (location.pathname === "/sign-in") redirect("/");
    setWho({ state: "known", session });
  }, []);
  const ask = useCallback(() => setWho({ state: "asked" }), []);
  const retry = useCallback(() => setWho({ state: "asking" }), []);
  useEffect(() => onSignInWanted(ask), [ask]);
  useEffect(() => {
    if (path === "/sign-in") ask(); // a link may come to an open page
  }, [path, ask]);
  useEffect(() => {
    if (who.state !== "asking") return;
    // A refusal has asked already.
    api.session().then(know, (cause) => setWho((now) => (now.state === "asked" ? now : { state: "failed", error: explain(cause) })));
  }, [who.state, know]);
  return { ...who, know, ask, retry };
}

function Page({ path, onSession }: { path: string; onSession: (session: Session) => void }) {
  const [, page, id, ...more] = path.split("/");
  if (page === "") return <HomePage />;
  if (page === "logs" && !id) return <LogsPage />;
  if (page === "incidents" && !id) return <QueuePage />;
  if (page === "incidents" && id && more.length === 0) return <DetailPage id={decodeURIComponent(id)} />;
  if (page === "entities" && id && more.length === 1) return <EntityPage kind={decodeURIComponent(id)} value={decodeURIComponent(more[0]!)} />;
  if (page === "hunting" && !id) return <HuntingPage />;
  if (page === "investigations" && !id) return <ReportsPage />;
  if (page === "rules" && !id) return <RulesPage />;
  if (page === "automation" && !id) return <AutomationPage />;
  if (page === "dashboards" && !id) return <DashboardsPage />;
  if (page === "dashboards" && id && more.length === 0) return <DashboardPage id={decodeURIComponent(id)} />;
  if (page === "connectors" && !id) return <ConnectorsPage />;
  if (page === "archive" && !id) return <ArchivePage />;
  if (page === "assurance" && !id) return <AssurancePage />;
  if (page === "account" && !id) return <AccountPage onSession={onSession} />;
  if (page === "settings" && more.length === 0) return <SettingsPage section={id ?? "people"} />;
  return <EmptyView title={text.notFound.title} detail={text.notFound.detail} />;
}
