/* Names every table of the contract in one exported function, so that abidw describes them all. */
#include <tarsier/abi.h>
#include <tarsier/service/discovery.h>
#include <tarsier/service/http.h>
#include <tarsier/service/metadata.h>
#include <tarsier/service/notifier.h>
#include <tarsier/service/promql.h>
#include <tarsier/service/samples_sink.h>
#include <tarsier/service/samples_store.h>

typedef struct all_tables {
  const tarsier_module *module;
  const tarsier_host *host;
  const tarsier_log *log;
  const tarsier_clock *clock;
  const tarsier_metrics *metrics;
  const tarsier_config_api *config;
  const tarsier_services *services;
  const tarsier_scheduler *scheduler;
  const tarsier_bus *bus;
  const tarsier_storage *storage;
  const tarsier_health *health;
  const tarsier_control *control;
  const tarsier_http *http;
  const tarsier_samples_sink *samples_sink;
  const tarsier_samples_store *samples_store;
  const tarsier_promql *promql;
  const tarsier_notifier *notifier;
  const tarsier_discovery *discovery;
  const tarsier_metadata_source *metadata;
  const tarsier_batch_head *batch_head;
  const tarsier_column *column;
  const tarsier_note_head *note_head;
  const tarsier_suggestion *suggestion;
  const tarsier_suggestions *suggestions;
} all_tables;

uint32_t tarsier_all_tables(const all_tables *tables);
uint32_t tarsier_all_tables(const all_tables *tables) { return tables->host->size; }
