/* uptime - a collector in plain C, as an example and as a proof that C is enough: publishes how long the machine has been up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tarsier/abi.h>

struct tarsier_instance {
  const tarsier_host *host;
  int64_t interval_ns;
  const tarsier_clock *clock;
  const tarsier_bus *bus;
  const tarsier_scheduler *scheduler;
  const tarsier_log *log;
};

static tarsier_str text(const char *s) {
  tarsier_str result;
  result.data = s;
  result.size = strlen(s);
  return result;
}

static tarsier_status fail(tarsier_error *error, tarsier_status code, const char *message) {
  if (error != NULL) {
    error->code = code;
    error->retry_after_ns = 0;
    error->message_size = (uint32_t)strlen(message);
    memcpy(error->message, message, error->message_size);
  }
  return code;
}

static int read_uptime(double *seconds) {
  FILE *file = fopen("/proc/uptime", "r");
  int found;
  if (file == NULL) return 0;
  found = fscanf(file, "%lf", seconds) == 1;
  fclose(file);
  return found;
}

/* A batch with one sample of one series, {__name__="machine_uptime_seconds"}: two symbols, one set, one row. */
struct one_sample {
  tarsier_batch_head head;
  tarsier_column columns[7];
  uint32_t symbol_offsets[4]; /* 3 used */
  char symbols[32];
  uint32_t set_offsets[2];
  uint32_t pairs[2];
  uint32_t sample_offsets[2];
  int64_t time_ns;
  double value;
};

static void column(struct one_sample *batch, uint32_t index, uint32_t id, uint32_t element_size, size_t offset, uint64_t count) {
  batch->columns[index].id = id;
  batch->columns[index].element_size = element_size;
  batch->columns[index].offset = offset;
  batch->columns[index].count = count;
}

static void fill(struct one_sample *batch, int64_t now_ns, double value) {
  static const char name[] = "__name__";
  static const char metric[] = "machine_uptime_seconds";
  const uint32_t name_size = (uint32_t)sizeof(name) - 1;
  const uint32_t symbol_bytes = name_size + (uint32_t)sizeof(metric) - 1;
  memset(batch, 0, sizeof(*batch));
  batch->head.magic = TARSIER_BATCH_MAGIC;
  batch->head.kind = TARSIER_BATCH_SAMPLES;
  batch->head.version = TARSIER_BATCH_VERSION;
  batch->head.size = sizeof(*batch);
  batch->head.column_count = 7;
  batch->head.created_ns = now_ns;
  batch->head.counts[TARSIER_COUNT_SYMBOLS] = 2;
  batch->head.counts[TARSIER_COUNT_SYMBOL_BYTES] = symbol_bytes;
  batch->head.counts[TARSIER_COUNT_SETS] = 1;
  batch->head.counts[TARSIER_COUNT_PAIRS] = 1;
  batch->head.counts[TARSIER_COUNT_ROWS] = 1;
  batch->symbol_offsets[1] = name_size;
  batch->symbol_offsets[2] = symbol_bytes;
  memcpy(batch->symbols, name, name_size);
  memcpy(batch->symbols + name_size, metric, sizeof(metric) - 1);
  batch->set_offsets[1] = 1;
  batch->pairs[1] = 1;
  batch->sample_offsets[1] = 1;
  batch->time_ns = now_ns;
  batch->value = value;
  column(batch, 0, TARSIER_COL_SYMBOL_OFFSETS, 4, offsetof(struct one_sample, symbol_offsets), 3);
  column(batch, 1, TARSIER_COL_SYMBOL_BYTES, 1, offsetof(struct one_sample, symbols), symbol_bytes);
  column(batch, 2, TARSIER_COL_SET_OFFSETS, 4, offsetof(struct one_sample, set_offsets), 2);
  column(batch, 3, TARSIER_COL_PAIRS, 8, offsetof(struct one_sample, pairs), 1);
  column(batch, 4, TARSIER_COL_SAMPLE_OFFSETS, 4, offsetof(struct one_sample, sample_offsets), 2);
  column(batch, 5, TARSIER_COL_SAMPLE_TIMES, 8, offsetof(struct one_sample, time_ns), 1);
  column(batch, 6, TARSIER_COL_SAMPLE_VALUES, 8, offsetof(struct one_sample, value), 1);
}

static void tick(void *user) { /* [work] */
  tarsier_instance *self = (tarsier_instance *)user;
  tarsier_error error;
  tarsier_batch *batch;
  double seconds = 0;
  uint64_t size = 0;
  memset(&error, 0, sizeof(error));
  error.size = sizeof(error);
  if (!read_uptime(&seconds)) {
    self->log->write(self->host, TARSIER_LOG_WARN, text("cannot read /proc/uptime"), NULL, 0);
    return;
  }
  batch = self->bus->allocate(self->host, sizeof(struct one_sample), &error);
  if (batch != NULL) {
    fill((struct one_sample *)(void *)self->bus->data(batch, &size), self->clock->wall_ns(self->host), seconds);
    (void)self->bus->publish(self->host, text(TARSIER_TOPIC_SAMPLES), batch, 0, NULL, NULL, &error);
    self->bus->release(batch);
  }
  if (error.code != TARSIER_OK) {
    tarsier_str message;
    message.data = error.message;
    message.size = error.message_size;
    self->log->write(self->host, TARSIER_LOG_WARN, message, NULL, 0);
  }
}

static tarsier_instance *create(const tarsier_host *host, tarsier_str name, tarsier_error *error) {
  tarsier_instance *self = (tarsier_instance *)calloc(1, sizeof(*self));
  (void)name;
  if (self == NULL) {
    (void)fail(error, TARSIER_RESOURCE, "out of memory");
    return NULL;
  }
  self->host = host;
  return self;
}

static tarsier_status configure(tarsier_instance *self, const tarsier_config_node *config, tarsier_error *error) {
  const tarsier_config_api *api = (const tarsier_config_api *)self->host->get_service(self->host, TARSIER_CONFIG_SERVICE);
  if (api == NULL) return fail(error, TARSIER_UNSUPPORTED, "the host has no configuration service");
  self->interval_ns = api->as_int(api->get(config, text("interval")));
  return TARSIER_OK;
}

static tarsier_status start(tarsier_instance *self, tarsier_error *error) {
  tarsier_timer_spec spec;
  tarsier_timer *timer = NULL;
  self->clock = (const tarsier_clock *)self->host->get_service(self->host, TARSIER_CLOCK_SERVICE);
  self->bus = (const tarsier_bus *)self->host->get_service(self->host, TARSIER_BUS_SERVICE);
  self->scheduler = (const tarsier_scheduler *)self->host->get_service(self->host, TARSIER_SCHEDULER_SERVICE);
  self->log = (const tarsier_log *)self->host->get_service(self->host, TARSIER_LOG_SERVICE);
  if (self->clock == NULL || self->bus == NULL || self->scheduler == NULL || self->log == NULL)
    return fail(error, TARSIER_UNSUPPORTED, "the host lacks a service");
  memset(&spec, 0, sizeof(spec));
  spec.size = sizeof(spec);
  spec.flags = TARSIER_TIMER_ALIGNED;
  spec.interval_ns = self->interval_ns;
  spec.job.size = sizeof(spec.job);
  spec.job.priority = TARSIER_PRIORITY_NORMAL;
  spec.job.name = text("read uptime");
  spec.job.user = self;
  spec.job.run = tick;
  return self->scheduler->every(self->host, &spec, &timer, error); /* cancelled by the host when the instance stops */
}

static tarsier_status stop(tarsier_instance *self, int64_t deadline_ns, tarsier_error *error) {
  (void)self;
  (void)deadline_ns;
  (void)error;
  return TARSIER_OK;
}

static void destroy(tarsier_instance *self) { free(self); }

static const char *const kinds[] = {"collector", NULL};
static const tarsier_config_key interval_key = {sizeof(tarsier_config_key), TARSIER_KEY_DURATION, 0, 0, "interval", "15s", "1s..", "How often it is read."};
static const tarsier_config_key *const keys[] = {&interval_key, NULL};
static const tarsier_plugin plugin = {
    .size = sizeof(tarsier_plugin),
    .id = "uptime",
    .version = "1.0.0",
    .summary = "How long the machine has been up.",
    .kinds = kinds,
    .schema = keys,
    .sample_toml = "[plugin.uptime]\ninterval = \"15s\"\n",
    .create = create,
    .configure = configure,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
static const tarsier_plugin *const plugins[] = {&plugin, NULL};
static const tarsier_module module = {sizeof(tarsier_module), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, plugins};

TARSIER_NOTE("uptime", "collector", "1.0.0");

TARSIER_EXPORT const tarsier_module *tarsier_module_query(uint32_t abi_major);
TARSIER_EXPORT const tarsier_module *tarsier_module_query(uint32_t abi_major) {
  return abi_major == TARSIER_ABI_MAJOR ? &module : NULL;
}
