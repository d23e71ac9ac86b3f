import { lazy, Suspense, useEffect, useRef } from "react";
import { linkTo } from "../app/router";
import { useMay } from "../app/settings";
import { text } from "../text/en";
import { PageHeader } from "../ui/parts";
import { EmptyView, LoadingRows, NoPermission } from "../ui/states";
import "./settings.css";

const PeoplePage = lazy(() => import("../people/PeoplePage"));
const TokensSection = lazy(() => import("./TokensSection"));
const NotificationsSection = lazy(() => import("./NotificationsSection"));
const FunctionsSection = lazy(() => import("./FunctionsSection"));
const IndicatorsSection = lazy(() => import("./IndicatorsSection"));
const ExceptionsSection = lazy(() => import("./ExceptionsSection"));
const RetentionSection = lazy(() => import("./RetentionSection"));
const WatchlistsSection = lazy(() => import("./WatchlistsSection"));

const t = text.settings;

export const sections = ["people", "tokens", "notifications", "watchlists", "functions", "indicators", "exceptions", "retention"] as const;

/** Who comes in, by what, whom incidents are told, and what is kept by hand. */
export default function SettingsPage({ section }: { section: string }) {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone they are wider than the page.
    nav.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [section]);
  return (
    <div className="page">
      <PageHeader title={t.title} name={(t.sections as Record<string, string>)[section] ?? t.title} detail={t.detail} />
      <nav ref={nav} className="settings-nav" aria-label={t.title}>
        {sections.map((one) => <a key={one} aria-current={one === section ? "page" : undefined} {...linkTo("/settings/" + one)}>{t.sections[one]}</a>)}
      </nav>
      <Suspense fallback={<LoadingRows />}><Section section={section} /></Suspense>
    </div>
  );
}

function Section({ section }: { section: string }) {
  const administrator = useMay("Administrator");
  if ((section === "people" || section === "tokens") && !administrator) return <NoPermission role="Administrator" />;
  switch (section) {
    case "people":
      return <PeoplePage />;
    case "tokens":
      return <TokensSection />;
    case "notifications":
      return <NotificationsSection />;
    case "watchlists":
      return <WatchlistsSection />;
    case "functions":
      return <FunctionsSection />;
    case "indicators":
      return <IndicatorsSection />;
    case "exceptions":
      return <ExceptionsSection />;
    case "retention":
      return <RetentionSection />;
  }
  return <EmptyView title={text.notFound.title} detail={text.notFound.detail} />;
}
