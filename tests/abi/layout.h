/* The sizes and places that must never change in major version 1, checked by compiling this in C99 and in C++20. What may grow at its end
 * is checked by the place of its last member of version 1.0. */
#include <tarsier/abi.h>

#ifdef __cplusplus
#define LAYOUT(name, condition) static_assert(condition, #name)
#else
#define LAYOUT(name, condition) typedef char layout_##name[(condition) ? 1 : -1]
#endif

LAYOUT(str, sizeof(tarsier_str) == 16);
LAYOUT(bytes, sizeof(tarsier_bytes) == 16);
LAYOUT(pair, sizeof(tarsier_pair) == 32);
LAYOUT(sink, sizeof(tarsier_sink) == 16);
LAYOUT(error_message, offsetof(tarsier_error, message) == 20);
LAYOUT(host_get_service, offsetof(tarsier_host, get_service) == 16);
LAYOUT(config_key_doc, offsetof(tarsier_config_key, doc) == 40);
LAYOUT(plugin_get_service, offsetof(tarsier_plugin, get_service) == 120);
LAYOUT(plugin_create, offsetof(tarsier_plugin, create) == 72);
LAYOUT(module_plugins, offsetof(tarsier_module, plugins) == 8);
LAYOUT(note_head, sizeof(tarsier_note_head) == 8);
LAYOUT(batch_head, sizeof(tarsier_batch_head) == 64);
LAYOUT(column, sizeof(tarsier_column) == 24);
LAYOUT(job_run, offsetof(tarsier_job, run) == 40);
LAYOUT(subscribe_on_batch, offsetof(tarsier_subscribe_spec, on_batch) == 56);
LAYOUT(op_value, offsetof(tarsier_op, value) == 40);
