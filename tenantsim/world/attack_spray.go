package world

import "time"

// sprayed is how many people's passwords are tried.
const sprayed = 18

// passwordSpray: one password is tried with many people, and fits one.
func passwordSpray(w *World, t *teller) (string, string) {
	const ip = "198.51.100.92"
	victim, s := w.cast(false, 2), w.intruder(t, ip)
	for i := range sprayed {
		t.after(time.Duration(i)*25*time.Second, func(at time.Time) {
			w.failedLogon(w.actors[(i*2)%len(w.actors)], s, at, "50126", "InvalidUserNameOrPassword")
		})
	}
	t.after(sprayed*25*time.Second, func(at time.Time) { w.signIn(victim, s, at, appOfficeHome, appExchange) })
	return victim.UPN, ip
}
