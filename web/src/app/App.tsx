import { FluentProvider, Spinner } from "@fluentui/react-components";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { onTokenWanted } from "../api/client";
import { text } from "../text/en";
import { EmptyView } from "../ui/states";
import { ErrorBoundary } from "./ErrorBoundary";
import { useLocation } from "./router";
import { SettingsContext, systemScheme, useStored, type Scheme } from "./settings";
import { Shell } from "./Shell";
import { themes } from "./theme";
import { TokenPage } from "./TokenPage";

// The editor and the charts are large: each page loads when it is first opened.
const HomePage = lazy(() => import("../home/HomePage"));
const LogsPage = lazy(() => import("../logs/LogsPage"));
const QueuePage = lazy(() => import("../incidents/QueuePage"));
const DetailPage = lazy(() => import("../incidents/DetailPage"));
const ConnectorsPage = lazy(() => import("../connectors/ConnectorsPage"));

export function App() {
  const [scheme, setScheme] = useStored<Scheme>("quoll.scheme", systemScheme(), ["light", "dark"]);
  const [zone, setZone] = useStored("quoll.zone", "utc", ["utc", "local"] as const);
  const [tokenWanted, setTokenWanted] = useState(false);
  const path = useLocation().split("#")[0]!;
  useEffect(() => onTokenWanted(() => setTokenWanted(true)), []);
  useEffect(() => {
    document.documentElement.style.colorScheme = scheme;
  }, [scheme]);
  const settings = useMemo(() => ({ scheme, setScheme, zone, setZone }), [scheme, setScheme, zone, setZone]);

  return (
    <FluentProvider theme={themes[scheme]} className={`theme theme-${scheme}`}>
      <SettingsContext.Provider value={settings}>
        <div className="app">
          {tokenWanted ? (
            <TokenPage onDone={() => setTokenWanted(false)} />
          ) : (
            <Shell path={path}>
              <ErrorBoundary key={path}>
                <Suspense fallback={<div className="page-loading"><Spinner label={text.loading} /></div>}>
                  <Page path={path} />
                </Suspense>
              </ErrorBoundary>
            </Shell>
          )}
        </div>
      </SettingsContext.Provider>
    </FluentProvider>
  );
}

function Page({ path }: { path: string }) {
  const [, page, id, ...more] = path.split("/");
  if (page === "") return <HomePage />;
  if (page === "logs" && !id) return <LogsPage />;
  if (page === "incidents" && !id) return <QueuePage />;
  if (page === "incidents" && id && more.length === 0) return <DetailPage id={decodeURIComponent(id)} />;
  if (page === "connectors" && !id) return <ConnectorsPage />;
  return <EmptyView title={text.notFound.title} detail={text.notFound.detail} />;
}
