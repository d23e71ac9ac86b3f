import { Badge, Button, Menu, MenuDivider, MenuItem, MenuList, MenuPopover, MenuTrigger, MessageBar, MessageBarBody, Tooltip } from "@fluentui/react-components";
import {
  AlertFilled, AlertRegular, ArchiveFilled, ArchiveRegular, BoardFilled, BoardRegular, ClockRegular, FlashFlowFilled, FlashFlowRegular, HomeFilled, HomeRegular, NavigationRegular, PersonRegular, PlugConnectedFilled, PlugConnectedRegular, SearchFilled, SearchRegular, SettingsFilled, SettingsRegular, ShieldCheckmarkFilled, ShieldCheckmarkRegular, ShieldErrorFilled, ShieldErrorRegular,
  TextBulletListSquareSearchFilled, TextBulletListSquareSearchRegular, WeatherMoonRegular, WeatherSunnyRegular,
} from "../ui/icons";
import { useLayoutEffect, useRef, type ReactNode } from "react";
import { api, token } from "../api/client";
import { useResource } from "../api/useResource";
import { text } from "../text/en";
import { linkTo, navigate } from "./router";
import { useScroll } from "./scroll";
import { useMay, useSession, useSettings, useStored } from "./settings";
import { titleOf } from "./title";

const items = [
  { to: "/", label: text.nav.home, icon: <HomeRegular />, activeIcon: <HomeFilled /> },
  { to: "/logs", label: text.nav.logs, icon: <TextBulletListSquareSearchRegular />, activeIcon: <TextBulletListSquareSearchFilled /> },
  { to: "/incidents", label: text.nav.incidents, icon: <ShieldErrorRegular />, activeIcon: <ShieldErrorFilled /> },
  { to: "/hunting", label: text.nav.hunting, icon: <SearchRegular />, activeIcon: <SearchFilled /> },
  { to: "/rules", label: text.nav.rules, icon: <AlertRegular />, activeIcon: <AlertFilled /> },
  { to: "/automation", label: text.nav.automation, icon: <FlashFlowRegular />, activeIcon: <FlashFlowFilled /> },
  { to: "/dashboards", label: text.nav.dashboards, icon: <BoardRegular />, activeIcon: <BoardFilled /> },
  { to: "/connectors", label: text.nav.connectors, icon: <PlugConnectedRegular />, activeIcon: <PlugConnectedFilled /> },
  { to: "/archive", label: text.nav.archive, icon: <ArchiveRegular />, activeIcon: <ArchiveFilled /> },
  { to: "/assurance", label: text.nav.assurance, icon: <ShieldCheckmarkRegular />, activeIcon: <ShieldCheckmarkFilled /> },
  { to: "/settings", label: text.nav.settings, icon: <SettingsRegular />, activeIcon: <SettingsFilled /> },
];

const isOn = (path: string, to: string) => path === to || (to !== "/" && path.startsWith(to + "/"));

/** Header, navigation, and the page beside it. */
export function Shell({ path, onSignedOut, children }: { path: string; onSignedOut: () => void; children: ReactNode }) {
  const { scheme, setScheme, zone, setZone } = useSettings();
  const [nav, setNav] = useStored("quoll.nav", "wide", ["wide", "narrow"] as const);
  const fresh = useResource("open-incidents", (signal) => api.incidents({ status: ["New"], severity: [], text: "", limit: 1 }, signal), 15_000, "incidents");
  const dark = scheme === "dark";
  const main = useRef<HTMLElement>(null);
  useScroll(main, path);
  useLayoutEffect(() => {
    // Until the page says more.
    document.title = titleOf(items.find((item) => isOn(path, item.to))?.label ?? "");
  }, [path]);
  return (
    <div className={`shell shell-${nav}`}>
      <a className="skip-link" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>
        {text.skip}
      </a>
      <header className="shell-header">
        <Button
          className="header-button" appearance="transparent" icon={<NavigationRegular />}
          aria-label={text.nav.toggle} aria-expanded={nav === "wide"} onClick={() => setNav(nav === "wide" ? "narrow" : "wide")}
        />
        <a className="shell-brand" {...linkTo("/")}><Mark size={22} /><span>Quoll</span></a>
        <div className="shell-space" />
        <Tooltip content={text.zone.tip} relationship="description">
          <Button className="header-button" appearance="transparent" icon={<ClockRegular />} onClick={() => setZone(zone === "utc" ? "local" : "utc")}>
            {zone === "utc" ? text.zone.utc : text.zone.local}
          </Button>
        </Tooltip>
        <Tooltip content={dark ? text.scheme.light : text.scheme.dark} relationship="label">
          <Button
            className="header-button" appearance="transparent" icon={dark ? <WeatherSunnyRegular /> : <WeatherMoonRegular />}
            onClick={() => setScheme(dark ? "light" : "dark")}
          />
        </Tooltip>
        <Me onSignedOut={onSignedOut} />
      </header>
      <nav className="shell-nav" aria-label={text.nav.label}>
        {items.map((item) => {
          const active = isOn(path, item.to);
          const count = item.to === "/incidents" ? (fresh.data?.total ?? 0) : 0;
          return (
            <a key={item.to} className="nav-item" aria-current={active ? "page" : undefined} title={nav === "narrow" ? item.label : undefined} {...linkTo(item.to)}>
              <span className="nav-icon">{active ? item.activeIcon : item.icon}</span>
              <span className="nav-label">{item.label}</span>
              {count > 0 && <Badge className="nav-count" size="small" color="danger" aria-label={text.nav.newIncidents(count)}>{count}</Badge>}
            </a>
          );
        })}
      </nav>
      <main id="main" ref={main} className="shell-main" tabIndex={-1}>
        <Reminder path={path} />
        {children}
      </main>
    </div>
  );
}

/** Who is signed in, with the role, and what they can do about it. */
function Me({ onSignedOut }: { onSignedOut: () => void }) {
  const session = useSession();
  const administrator = useMay("Administrator");
  const signOut = () => {
    token.clear();
    void api.signOut().finally(onSignedOut);
  };
  if (session.by === "open") return null;
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button className="header-button" appearance="transparent" icon={<PersonRegular />} aria-label={text.session.me(session.name, text.roles[session.role]!)}>
          <span className="header-name">{session.name}</span>
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <div className="menu-me"><strong>{session.name}</strong><span className="muted small">{text.roles[session.role]}</span></div>
          <MenuDivider />
          {session.by === "session" && <MenuItem onClick={() => navigate("/account")}>{text.session.account}</MenuItem>}
          {administrator && session.by === "session" && <MenuItem onClick={() => navigate("/settings/people")}>{text.people.title}</MenuItem>}
          <MenuItem onClick={signOut}>{text.session.signOut}</MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

/** Who came by a link and has no password would not come in again. */
function Reminder({ path }: { path: string }) {
  const session = useSession();
  if (session.by !== "session" || session.passwordSet || path === "/account") return null;
  return (
    <MessageBar intent="info" className="reminder">
      <MessageBarBody>{text.session.reminder} <a {...linkTo("/account")}>{text.session.choose}</a></MessageBarBody>
    </MessageBar>
  );
}

/** The face of a quoll. */
export function Mark({ size }: { size: number }) {
  return <img src="/quoll.svg" width={size} height={size} alt="" />;
}
