/*
 * /metrics: the application of the HTTP server on the address of METRICS.  It answers GET and HEAD for this path and
 * 404 for any other one, on one event thread, without workers and without a question to the keeper.
 *
 * docs/reference/metrics.md lists the metrics.
 */
#ifndef WEB_METRICS_H
#define WEB_METRICS_H

#include "web/core/counts.h"
#include "web/core/web_state.h"

/* Limits of its HTTP server: a scraper needs one connection. */
enum { METRICS_CONNECTIONS_MAX = 16, METRICS_DESCRIPTORS = 64, METRICS_REQUEST_MS = 5000, METRICS_REPLY_MS = 10000 };

extern const struct http_app metrics_app; /* its data is a struct web */

/* Call once before the server starts. */
void metrics_begin(struct web *web);

/* Take over a push of the keeper.  ERR_PROTOCOL: it has another size. */
MUST_USE err metrics_pushed(struct web *web, str values);

enum metrics_format { METRICS_TEXT, METRICS_OPENMETRICS };

/* OpenMetrics if the client accepts its version 1.0.0 and does not prefer plain text. */
enum metrics_format metrics_format(str accept);

/* Write all metrics.  values has the fixed series. */
void metrics_write(enum metrics_format format, const struct metric_values *values, const struct counts_sum *sum,
		   struct buf *out);

#endif
