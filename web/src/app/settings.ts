import { createContext, useContext, useEffect, useState } from "react";
import { roles, type Role, type Session } from "../api/types";
import type { Zone } from "../format/time";

export type Scheme = "light" | "dark";

export interface Settings {
  scheme: Scheme;
  setScheme: (scheme: Scheme) => void;
  /** The zone in which times are shown; they are kept and queried in UTC. */
  zone: Zone;
  setZone: (zone: Zone) => void;
}

export const SettingsContext = createContext<Settings>({ scheme: "light", setScheme: () => {}, zone: "utc", setZone: () => {} });
export const useSettings = () => useContext(SettingsContext);

/** Who is signed in. */
export const SessionContext = createContext<Session>({ name: "", role: "Reader", by: "open", passwordSet: false });
export const useSession = () => useContext(SessionContext);

/** Whether a role may what another may. */
export const mayAs = (role: Role, needed: Role) => roles.indexOf(role) >= roles.indexOf(needed);
export const useMay = (needed: Role) => mayAs(useSession().role, needed);

/** A choice that the browser remembers. */
export function useStored<T extends string>(key: string, otherwise: T, allowed: readonly T[]): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => {
    const kept = localStorage.getItem(key) as T | null;
    return kept !== null && allowed.includes(kept) ? kept : otherwise;
  });
  useEffect(() => localStorage.setItem(key, value), [key, value]);
  return [value, setValue];
}

export const systemScheme = (): Scheme => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
