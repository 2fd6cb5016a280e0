package obs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Proofs are what the archive tells of backups and of the audit trail, as times in seconds since 1970; 0: there is none. Every
// instance shows the same: alerts take the newest of them.
type Proofs struct {
	Looked   prometheus.Gauge // archive_looked_timestamp_seconds: when the archive was asked last and answered
	Backup   prometheus.Gauge // backup_newest_timestamp_seconds: when the newest whole backup was begun
	Verified prometheus.Gauge // backup_verified_timestamp_seconds: when the newest drill that reached level 5 was begun (O4)
	Bad      prometheus.Gauge // backup_problem: 1 while the newest report of a check or a drill names a problem
	Archived prometheus.Gauge // audit_archived_timestamp_seconds: end of the last day that is archived (T5)
	Signed   prometheus.Gauge // audit_signed_timestamp_seconds: when the newest checkpoint was signed (T4)
}

func (m *Metrics) registerProofs(r registrar) {
	m.Serving = r.sampled("health_serving", "1 while GET /health answers 200, 0 while it answers 503.")
	m.Proofs = Proofs{
		Looked:   r.gauge("archive_looked_timestamp_seconds", "When the archive was last asked for what follows, and answered."),
		Backup:   r.gauge("backup_newest_timestamp_seconds", "When the newest backup was begun; 0: there is none."),
		Verified: r.gauge("backup_verified_timestamp_seconds", "When the newest drill that verified a backup was begun; 0: there was none."),
		Bad:      r.gauge("backup_problem", "1 while the newest report of a check or a drill names a problem."),
		Archived: r.gauge("audit_archived_timestamp_seconds", "End of the last day of the audit trail that is archived; 0: nothing is known."),
		Signed:   r.gauge("audit_signed_timestamp_seconds", "When the newest checkpoint was signed; 0: none today or yesterday."),
	}
}

// Stamp shows a time. The zero time is 0.
func Stamp(g prometheus.Gauge, at time.Time) {
	if at.IsZero() {
		g.Set(0)
		return
	}
	g.Set(float64(at.UnixMilli()) / 1000)
}
