package obs

func (m *Metrics) registerWebhooks(r registrar) {
	m.webhooks = r.counters("webhook_requests_total", "Requests of webhook sources, by what became of them.", "result")
	for _, result := range []string{"accepted", "replayed", "greeted", "unauthorized", "rejected", "conflict", "limited", "unavailable"} {
		m.webhooks.WithLabelValues(result)
	}
	m.WebhooksTold = r.counter("webhook_notifications_total", "Notifications of other systems that this instance has told its rooms.")
	m.WebhookLatency = r.histogram("webhook_latency_seconds", "From the request of another system to the rooms of this instance.", messageBuckets)
}

// CountWebhook counts a request of a webhook source, in webhook_requests_total{result}.
func (m *Metrics) CountWebhook(result string) {
	m.webhooks.WithLabelValues(label(result, isLower)).Inc()
}
