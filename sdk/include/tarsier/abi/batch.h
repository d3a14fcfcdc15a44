/* tarsier/abi/batch.h - the layout of a batch: one flat, position-independent, little-endian block of bytes.
 *
 * The same bytes go over the bus, into the storage journal and through the ring to a child process. A batch is a head, a table of
 * columns and the columns, each beginning at a multiple of 8. Text is in a table of symbols; label sets are runs of pairs of symbol
 * numbers, sorted by name (bytewise), without repeated names. tarsier/batch.hpp reads, builds and verifies it; docs/formats/batch.md
 * says the same in prose. Readers skip columns that they do not know, so a minor version may add some.
 */
#ifndef TARSIER_ABI_BATCH_H
#define TARSIER_ABI_BATCH_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_BATCH_MAGIC 0x31425354u /* "TSB1" */
#define TARSIER_BATCH_VERSION 1

enum {
  TARSIER_BATCH_SAMPLES = 1,
  TARSIER_BATCH_LOGS = 2,
  TARSIER_BATCH_SPANS = 3,
  TARSIER_BATCH_ALERTS = 4,
  TARSIER_BATCH_EVENTS = 5,
  TARSIER_BATCH_TARGETS = 6
};

/* Indexes into tarsier_batch_head.counts: how many of each there are. */
enum {
  TARSIER_COUNT_SYMBOLS = 0,
  TARSIER_COUNT_SYMBOL_BYTES = 1,
  TARSIER_COUNT_SETS = 2,  /* label sets; in a batch of samples one per series */
  TARSIER_COUNT_PAIRS = 3, /* label pairs over all sets */
  TARSIER_COUNT_ROWS = 4,  /* samples, lines, spans, alerts, events, targets */
  TARSIER_COUNT_TEXT = 5,  /* bytes of lines or encoded histograms */
  TARSIER_COUNT_EXEMPLARS = 6,
  TARSIER_COUNT_MAX = 8
};

typedef struct tarsier_batch_head {
  uint32_t magic;
  uint16_t kind;
  uint16_t version;
  uint64_t size; /* of the whole batch */
  uint32_t column_count;
  uint32_t flags; /* 0 */
  int64_t created_ns;
  uint32_t counts[TARSIER_COUNT_MAX];
} tarsier_batch_head; /* 64 bytes; the columns' table follows */

typedef struct tarsier_column {
  uint32_t id;
  uint32_t element_size;
  uint64_t offset; /* from the begin of the batch, a multiple of 8 */
  uint64_t count;  /* elements */
} tarsier_column; /* 24 bytes, in ascending order of id and of offset */

/* Column ids. [n] is the length, [*] the column's own; "-> X" an index below counts[X]; "offsets into X" ascends from 0 to counts[X]. */
enum {
  /* every kind */
  TARSIER_COL_SYMBOL_OFFSETS = 1, /* u32[symbols + 1], offsets into SYMBOL_BYTES */
  TARSIER_COL_SYMBOL_BYTES = 2,   /* u8[symbol_bytes], UTF-8 */
  TARSIER_COL_SET_OFFSETS = 3,    /* u32[sets + 1], offsets into PAIRS */
  TARSIER_COL_PAIRS = 4,          /* 2 x u32[pairs]: name and value -> SYMBOLS */
  /* samples, instead of pairs: label sets as they came over the wire. A flat set is the labels of one series as protobuf bytes, contiguous:
   * for each label a field 1 (tag 0x0a, length, then name as field 1 and value as field 2), as in Prometheus' TimeSeries. With FLAT_SETS
   * there are no pairs, and no set is empty. Spans may overlap. The inside is not verified: who decodes a flat set checks it
   * (tarsier/flat_set.hpp). */
  TARSIER_COL_FLAT_SETS = 5,  /* optional: 2 x u32[sets]: begin and length of each set in FLAT_BYTES */
  TARSIER_COL_FLAT_BYTES = 6, /* u8[*] */
  /* samples: series i has rows [SAMPLE_OFFSETS[i], SAMPLE_OFFSETS[i+1]), timestamps ascending */
  TARSIER_COL_SAMPLE_OFFSETS = 16,    /* u32[sets + 1], offsets into ROWS */
  TARSIER_COL_SAMPLE_TIMES = 17,      /* i64[rows] ns */
  TARSIER_COL_SAMPLE_VALUES = 18,     /* f64[rows]; NaN payloads are kept: 0x7ff0000000000002 is the staleness marker */
  TARSIER_COL_SAMPLE_STARTS = 19,     /* optional: i64[rows] ns, 0 = none */
  /* optional: 4 x u32[sets]: type (TARSIER_SERIES_*), help -> SYMBOLS, unit -> SYMBOLS, and since minor version 2 how many bytes at the end of
   * the metric's name are not of its family's: 6 of the counter "x_total" of OpenMetrics, whose family is "x". 0: what the type says, "h_bucket"
   * of a histogram belongs to "h". */
  TARSIER_COL_SERIES_METADATA = 20,
  TARSIER_COL_HISTOGRAM_OFFSETS = 21, /* optional: u32[rows + 1], offsets into TEXT; an empty run: the row is a float */
  TARSIER_COL_HISTOGRAM_BYTES = 22,   /* u8[text], each run as docs/formats/histogram.md; the row's value is the histogram's sum */
  /* exemplars of the batch's series; optional, together. A series without rows is there for its exemplars or metadata only. */
  TARSIER_COL_EXEMPLAR_SERIES = 23, /* u32[exemplars] -> SETS */
  TARSIER_COL_EXEMPLAR_TIMES = 24,  /* i64[exemplars] ns */
  TARSIER_COL_EXEMPLAR_VALUES = 25, /* f64[exemplars] */
  TARSIER_COL_EXEMPLAR_LABELS = 26, /* 2 x u32[exemplars]: begin and length of a flat set in EXEMPLAR_BYTES; it may be empty */
  TARSIER_COL_EXEMPLAR_BYTES = 27,  /* u8[*] */
  /* logs */
  TARSIER_COL_LOG_STREAM = 32,       /* u32[rows] -> SETS */
  TARSIER_COL_LOG_TIMES = 33,        /* i64[rows] ns */
  TARSIER_COL_LOG_LINE_OFFSETS = 34, /* u32[rows + 1], offsets into TEXT */
  TARSIER_COL_LOG_LINES = 35,        /* u8[text] */
  TARSIER_COL_LOG_METADATA = 36,     /* optional: u32[rows] -> SETS */
  /* spans */
  TARSIER_COL_SPAN_RESOURCE = 48,   /* u32[rows] -> SETS */
  TARSIER_COL_SPAN_ATTRIBUTES = 49, /* u32[rows] -> SETS */
  TARSIER_COL_SPAN_TRACE_ID = 50,   /* u8[16][rows] */
  TARSIER_COL_SPAN_ID = 51,         /* u8[8][rows] */
  TARSIER_COL_SPAN_PARENT = 52,     /* u8[8][rows], zeros: none */
  TARSIER_COL_SPAN_START = 53,      /* i64[rows] ns */
  TARSIER_COL_SPAN_END = 54,        /* i64[rows] ns */
  TARSIER_COL_SPAN_NAME = 55,       /* u32[rows] -> SYMBOLS */
  TARSIER_COL_SPAN_KIND = 56,       /* u32[rows], as OTLP */
  TARSIER_COL_SPAN_STATUS = 57,     /* u32[rows], as OTLP */
  /* alerts */
  TARSIER_COL_ALERT_LABELS = 64,      /* u32[rows] -> SETS */
  TARSIER_COL_ALERT_ANNOTATIONS = 65, /* u32[rows] -> SETS */
  TARSIER_COL_ALERT_STARTS = 66,      /* i64[rows] ns */
  TARSIER_COL_ALERT_ENDS = 67,        /* i64[rows] ns; 0: none given */
  TARSIER_COL_ALERT_GENERATOR = 68,   /* u32[rows] -> SYMBOLS, a URL */
  /* events: deployments, restarts; they become annotations */
  TARSIER_COL_EVENT_LABELS = 80, /* u32[rows] -> SETS */
  TARSIER_COL_EVENT_TIMES = 81,  /* i64[rows] ns */
  TARSIER_COL_EVENT_ENDS = 82,   /* i64[rows] ns; 0: a point in time */
  TARSIER_COL_EVENT_TITLE = 83,  /* u32[rows] -> SYMBOLS */
  TARSIER_COL_EVENT_TEXT = 84,   /* u32[rows] -> SYMBOLS */
  /* targets: what discovery found for a pool; a batch replaces the pool's earlier one from the same source. All rows are of one pool and
   * source; one row without labels says that there are none. A source's name begins with that of the instance and a slash. */
  TARSIER_COL_TARGET_LABELS = 96,  /* u32[rows] -> SETS, before relabelling */
  TARSIER_COL_TARGET_POOL = 97,    /* u32[rows] -> SYMBOLS */
  TARSIER_COL_TARGET_SOURCE = 98   /* u32[rows] -> SYMBOLS */
};

enum {
  TARSIER_SERIES_UNKNOWN = 0,
  TARSIER_SERIES_COUNTER = 1,
  TARSIER_SERIES_GAUGE = 2,
  TARSIER_SERIES_HISTOGRAM = 3,
  TARSIER_SERIES_SUMMARY = 4,
  TARSIER_SERIES_GAUGE_HISTOGRAM = 5,
  TARSIER_SERIES_INFO = 6,
  TARSIER_SERIES_STATESET = 7
};

/* The bits of the value that marks a series as gone. */
#define TARSIER_STALE_NAN_BITS UINT64_C(0x7ff0000000000002)
#ifdef __cplusplus
}
#endif
#endif
