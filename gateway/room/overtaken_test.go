package room

import (
	"testing"
	"testing/synctest"
)

func TestAnAppendThatWasOvertakenTakesAlongWhatWaits(t *testing.T) { // D2b
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		one.journal.wait()
		one.types(anna, "notes", "a")
		synctest.Wait()
		for range 20 {
			other.types(bruno, "plan", "b")
			synctest.Wait()
		}
		one.journal.release()
		synctest.Wait()
		wantSameEverywhere(t, one, anna, bruno)
		if saved, codes := bruno.saved(); len(saved) != 20 || len(codes) != 0 {
			t.Errorf("acknowledged %d and refused %v, want all 20", len(saved), codes)
		}
		one.journal.mu.Lock()
		defer one.journal.mu.Unlock()
		if got := one.journal.appends; got != 3 { // anna's, bruno's first, which is stale, and all of his
			t.Errorf("%d appends, want 3", got)
		}
	})
}

func TestInstancesThatOvertakeEachOtherAppendALittleAtATime(t *testing.T) { // D2b: who appends much is overtaken again and again
	synctest.Test(t, func(t *testing.T) {
		one, other, _ := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		one.journal.wait()
		one.types(anna, "notes", "a")
		synctest.Wait()
		for range 2 * maxContested {
			other.types(bruno, "plan", "b")
			synctest.Wait()
		}
		one.journal.release()
		synctest.Wait()
		wantSameEverywhere(t, one, anna, bruno)
		one.journal.mu.Lock()
		defer one.journal.mu.Unlock()
		if got := one.journal.appends; got != 4 { // anna's, bruno's first, which is stale, and all of his in two parts
			t.Errorf("%d appends, want 4", got)
		}
	})
}
