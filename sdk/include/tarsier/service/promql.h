/* tarsier/service/promql.h - service "tarsier.promql/1": evaluating PromQL, for rules, pages and APIs. */
#ifndef TARSIER_SERVICE_PROMQL_H
#define TARSIER_SERVICE_PROMQL_H
#include "samples_store.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_PROMQL_SERVICE "tarsier.promql/1"

typedef int32_t tarsier_value_type;
enum { TARSIER_VALUE_SCALAR = 1, TARSIER_VALUE_STRING = 2, TARSIER_VALUE_VECTOR = 3, TARSIER_VALUE_MATRIX = 4 };

typedef struct tarsier_query {
  uint32_t size;
  uint32_t reserved;
  tarsier_str expression;
  int64_t start_ns; /* an instant query when step_ns is 0: evaluated at start_ns */
  int64_t end_ns;
  int64_t step_ns;
  int64_t timeout_ns;  /* 0: the engine's */
  int64_t lookback_ns; /* 0: the engine's */
  uint64_t limit;      /* of series in the answer; 0: all */
  tarsier_cancel cancel;
} tarsier_query;

/* Valid during the callback. Scalar: one series without labels. Vector: one sample a series. Native histograms are encoded, with their sums
 * as values, as a store gives them. */
typedef struct tarsier_query_result {
  uint32_t size;
  tarsier_value_type type;
  uint64_t series_count;
  const tarsier_series *series;
  tarsier_str string;
  const tarsier_str *warnings;
  const tarsier_str *infos;
  uint32_t warning_count;
  uint32_t info_count;
} tarsier_query_result;

typedef struct tarsier_promql {
  uint32_t size;
  uint32_t reserved;
  void *self;
  /* [work, PARALLEL] Calls on_result at most once. INVALID: a parse or type error ("1:3: parse error: ..."); DEADLINE, CANCELLED, RESOURCE
   * (a limit), otherwise the evaluation failed. */
  tarsier_status (*query)(void *self, const tarsier_query *query, void *user, void (*on_result)(void *user, const tarsier_query_result *result),
                          tarsier_error *error);
  /* [work, PARALLEL] Checks an expression without evaluating it; writes its canonical form to `formatted` (write may be NULL). */
  tarsier_status (*parse)(void *self, tarsier_str expression, tarsier_sink formatted, tarsier_error *error);
} tarsier_promql;
#ifdef __cplusplus
}
#endif
#endif
