/* tarsier/service/samples_store.h - service "tarsier.samples.store/1": reading stored samples. Writing goes over the bus (topic "samples",
 * required subscription). Nothing of the storage underneath shows here, so that another store can offer the same service. */
#ifndef TARSIER_SERVICE_SAMPLES_STORE_H
#define TARSIER_SERVICE_SAMPLES_STORE_H
#include "../abi/module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_SAMPLES_STORE_SERVICE "tarsier.samples.store/1"

typedef int32_t tarsier_match_op;
enum { TARSIER_MATCH_EQUAL = 0, TARSIER_MATCH_NOT_EQUAL = 1, TARSIER_MATCH_REGEX = 2, TARSIER_MATCH_NOT_REGEX = 3 };
/* Regular expressions are RE2, anchored at both ends, '.' matches a newline. An absent label has the value "". */
typedef struct tarsier_matcher {
  tarsier_match_op op;
  uint32_t reserved;
  tarsier_str name;
  tarsier_str value;
} tarsier_matcher;

/* A query may be cancelled: the store asks now and then. NULL function: never. */
typedef struct tarsier_cancel {
  void *user;
  int32_t (*cancelled)(void *user); /* [any] */
} tarsier_cancel;

/* Told of what an answer lacks, in words for people, such as samples of a damaged file. NULL function: nobody is told. */
typedef struct tarsier_warnings {
  void *user;
  void (*warn)(void *user, tarsier_str text); /* [work] on the calling thread, before the call returns; the text is valid during it */
} tarsier_warnings;

enum { TARSIER_SELECT_NEWEST = 1 }; /* hint: of each series only time and value (or histogram) of the newest sample in the range are of interest; a store may leave out
                                     * the rest */

typedef struct tarsier_select {
  uint32_t size;
  uint32_t matcher_count;
  const tarsier_matcher *matchers; /* all must match */
  int64_t start_ns;                /* inclusive */
  int64_t end_ns;                  /* inclusive */
  uint64_t max_series;             /* 0: no limit; above it: RESOURCE */
  uint64_t max_samples;
  int64_t step_ns;                 /* hint: the query's step, 0 unknown; a store may answer from a tier that is fine enough */
  int64_t range_ns;                /* hint: the window of a range selector, 0 none */
  tarsier_str function;            /* hint: the function applied to it, "" none */
  tarsier_cancel cancel;
  tarsier_warnings warnings;       /* a store looks at it only where `size` covers it */
  uint32_t flags;                  /* TARSIER_SELECT_*; likewise */
  uint32_t reserved;
} tarsier_select;

/* One series in the range: labels sorted by name; timestamps ascending and unique. Valid during the callback. */
typedef struct tarsier_series {
  uint32_t size;
  uint32_t label_count;
  const tarsier_pair *labels;
  uint64_t series_id;     /* the same for the same series while the store runs */
  uint64_t sample_count;
  const int64_t *times_ns;
  const double *values;
  const int64_t *starts_ns;        /* start timestamps, or NULL */
  const uint32_t *histogram_offsets; /* sample_count + 1 offsets into histogram_bytes, or NULL: floats only */
  const uint8_t *histogram_bytes;
  /* A sample may be the summary of several, where a store keeps no more than that of old times. NULL: none is. Otherwise one entry a
   * sample: how many numbers, their sum, least and greatest, and what a counter lost at its resets since the sample before (so its increase is
   * the difference of two values and the drops after the first). The time and value are the last one's. A reader looks at what follows only
   * where `size` covers it. */
  int64_t tier_ns;                 /* the span of the widest summary among them, 0: none */
  const double *counts, *sums, *mins, *maxs, *drops;
  /* A select hands over series in runs: those of one run come one after the other on one thread, and runs are numbered from 0 in an order that
   * does not depend on timing. A reader that adds up in this order gets the same sum each time. Only where `size` covers it. */
  uint64_t run;
} tarsier_series;

typedef struct tarsier_exemplar {
  uint32_t size;
  uint32_t label_count;
  const tarsier_pair *labels; /* of the exemplar, such as trace_id; sorted by name */
  int64_t time_ns;
  double value;
} tarsier_exemplar;

typedef int32_t tarsier_cardinality_kind;
enum {
  TARSIER_CARDINALITY_SERIES_BY_METRIC = 0,     /* name: the metric's */
  TARSIER_CARDINALITY_VALUES_BY_LABEL = 1,      /* name: the label's */
  TARSIER_CARDINALITY_BYTES_BY_LABEL = 2,       /* of the values' texts, each once */
  TARSIER_CARDINALITY_SERIES_BY_PAIR = 3,       /* name and value of the label */
  TARSIER_CARDINALITY_NEW_SERIES_BY_METRIC = 4, /* that came within the last hour */
};
typedef struct tarsier_cardinality {
  uint32_t size;
  tarsier_cardinality_kind kind;
  tarsier_str name, value;
  uint64_t count;
} tarsier_cardinality;

enum { TARSIER_SNAPSHOT_WITHOUT_MEMORY = 1 }; /* what is on the disk in its final form only */

typedef struct tarsier_metadata {
  uint32_t size;
  uint32_t type; /* TARSIER_SERIES_* */
  tarsier_str name, help, unit;
} tarsier_metadata;

typedef struct tarsier_store_stat {
  uint32_t size;
  uint32_t reserved;
  uint64_t series, label_pairs, chunks, samples, bytes;
  int64_t min_time_ns, max_time_ns;
} tarsier_store_stat;

/* One of the pieces that a store keeps its samples in: a file, a directory, a partition of a table. */
typedef struct tarsier_store_block {
  uint32_t size;
  uint32_t level;        /* how often its samples were brought together into a larger piece: 1 never */
  tarsier_str name;      /* unique and the same as long as the piece is there */
  int64_t min_time_ns, max_time_ns; /* inclusive */
  int64_t tier_ns;       /* the span of the summaries in it, 0: samples as they came */
  uint64_t series, samples, chunks, bytes; /* chunks: blocks of samples that are read as one */
} tarsier_store_block;

/* What a store removes by itself: samples that are older, and the oldest when there is more on the disk. Summaries that take the place of
 * samples may be kept longer. */
typedef struct tarsier_store_retention {
  uint32_t size;
  uint32_t reserved;
  int64_t time_ns; /* 0: samples are kept for ever */
  uint64_t bytes;  /* 0: any number */
} tarsier_store_retention;

typedef struct tarsier_samples_store {
  uint32_t size;
  uint32_t reserved;
  void *self;
  /* [work, PARALLEL] Calls on_series for each series with samples in the range, on the calling thread and others, several at once,
   * in no order; returns when all have returned. on_series returns 0 to end early (the call then answers OK). Where summaries stand for
   * old samples, those of two intervals before start_ns are given, too: look-back and windows shorter than an interval need them. */
  tarsier_status (*select)(void *self, const tarsier_select *select, void *user, int32_t (*on_series)(void *user, const tarsier_series *series),
                           tarsier_error *error);
  /* [work, PARALLEL] Label sets only, as select with sample_count 0. `limit` 0: all. */
  tarsier_status (*series)(void *self, const tarsier_select *select, uint64_t limit, void *user,
                           int32_t (*on_series)(void *user, const tarsier_series *series), tarsier_error *error);
  /* [work, PARALLEL] Names of labels, sorted, of the series that match (all when matcher_count is 0). */
  tarsier_status (*label_names)(void *self, const tarsier_select *select, uint64_t limit, void *user, void (*each)(void *user, tarsier_str name),
                                tarsier_error *error);
  /* [work, PARALLEL] Values of one label, sorted. */
  tarsier_status (*label_values)(void *self, tarsier_str name, const tarsier_select *select, uint64_t limit, void *user,
                                 void (*each)(void *user, tarsier_str value), tarsier_error *error);
  /* [work, PARALLEL] Type, help and unit by metric name; `metric` "": all. */
  tarsier_status (*metadata)(void *self, tarsier_str metric, uint64_t limit, void *user, void (*each)(void *user, const tarsier_metadata *metadata),
                             tarsier_error *error);
  /* [work, PARALLEL] */
  tarsier_status (*stat)(void *self, tarsier_store_stat *out, tarsier_error *error);

  /* What follows came with minor version 2 of the contract: ask TARSIER_HAS(store, member) and for NULL before each call. */

  /* [work, PARALLEL] Exemplars in the range of the series that match, by series, ascending in time; labels as in `series`. Valid during the
   * callback, which returns 0 to end early. */
  tarsier_status (*exemplars)(void *self, const tarsier_select *select, void *user,
                              int32_t (*on_series)(void *user, const tarsier_series *series, const tarsier_exemplar *exemplars, uint64_t count),
                              tarsier_error *error);
  /* [work, PARALLEL] Of the series that are written to: the `top` greatest of each kind, descending. Valid during the callback. */
  tarsier_status (*cardinality)(void *self, uint64_t top, void *user, void (*each)(void *user, const tarsier_cardinality *item), tarsier_error *error);
  /* [work, PARALLEL] Deletes the samples in the range that are stored now, of the series that match. When it returns OK no select sees them any
   * more, also not after a crash; their place on the disk is freed by clean_deleted, or in time by itself. May take long. */
  tarsier_status (*delete_samples)(void *self, const tarsier_select *select, tarsier_error *error);
  /* [work, PARALLEL] Writes anew what holds deleted samples. May take long. */
  tarsier_status (*clean_deleted)(void *self, tarsier_error *error);
  /* [work, PARALLEL] Brings everything into its smallest form on the disk. May take long. */
  tarsier_status (*compact)(void *self, tarsier_error *error);
  /* [work, PARALLEL] Makes a consistent copy while everything goes on, and says its name and where it is (an absolute path of a directory
   * with which the store can be started). `flags`: TARSIER_SNAPSHOT_*. On error nothing is left. May take long. */
  tarsier_status (*snapshot)(void *self, uint32_t flags, void *user, void (*made)(void *user, tarsier_str name, tarsier_str directory),
                             tarsier_error *error);
  /* [work, PARALLEL] The pieces that are final, oldest first; what is still written to is not among them. Valid during the callback. */
  tarsier_status (*blocks)(void *self, void *user, void (*each)(void *user, const tarsier_store_block *block), tarsier_error *error);
  /* [work, PARALLEL] How long it keeps samples, as it is configured now. The caller sets out->size; what that covers is filled in. */
  tarsier_status (*retention)(void *self, tarsier_store_retention *out, tarsier_error *error);
} tarsier_samples_store;
#ifdef __cplusplus
}
#endif
#endif
