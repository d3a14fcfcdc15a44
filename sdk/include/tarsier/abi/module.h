/* tarsier/abi/module.h - what a plugin file offers to the host: a note, one function, descriptors and a life cycle.
 *
 * A plugin file is an ELF shared object that exports exactly one symbol, tarsier_module_query, and carries a note
 * (.note.tarsier) that the host reads from the file before any code in it runs. One file may hold several plugins; a
 * configuration may create several instances of each.
 */
#ifndef TARSIER_ABI_MODULE_H
#define TARSIER_ABI_MODULE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tarsier_host tarsier_host;
typedef struct tarsier_config_node tarsier_config_node; /* abi/config.h */

/* The host as one instance sees it. Valid from create until destroy has returned. It is also the instance's identity:
 * a plugin that registers something with another plugin's service passes its own `const tarsier_host *` as the owner. */
struct tarsier_host {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  void *ctx; /* the host's own */
  /* [any] The host service of that name, e.g. "tarsier.log/1" (abi/<name>.h tells its type), or NULL when this host has none.
   * Valid until destroy returns. Not callable from create. */
  const void *(*get_service)(const tarsier_host *host, const char *name);
};

/* ---- configuration schema -------------------------------------------------------------------------------------------- */

typedef int32_t tarsier_key_type;
enum {
  TARSIER_KEY_STRING = 1,
  TARSIER_KEY_INT = 2,
  TARSIER_KEY_FLOAT = 3,   /* integers are taken too */
  TARSIER_KEY_BOOL = 4,
  TARSIER_KEY_DURATION = 5, /* "15s", "1h30m": read as int64 nanoseconds */
  TARSIER_KEY_SIZE = 6,     /* "2GiB", "64KB": read as int64 bytes */
  TARSIER_KEY_RATE = 7,     /* "10MB/s": read as int64 bytes a second */
  TARSIER_KEY_TABLE = 8     /* a table or, with [] in the path, an array of tables; its keys are further entries */
};
enum {
  TARSIER_KEY_REQUIRED = 1u << 0,   /* must be present in its table */
  TARSIER_KEY_SECRET = 1u << 1,     /* takes { file = } or { env = }; never printed */
  TARSIER_KEY_DEPRECATED = 1u << 2, /* accepted, with a warning that quotes doc */
  TARSIER_KEY_RELOADABLE = 1u << 3  /* informative: reconfigure applies it without a restart of the instance */
};

/* One key of the plugin's TOML. `path` is dotted from the instance's table: "interval", "job[].job_name" (a key in each table of an
 * array), "job[].params.*" (any key of a table), "collectors[]" (an array of values). The host refuses keys that are not in the schema
 * (naming the nearest), checks type, unit, range and choices ("@SERVICE" since minor version 2), and fills in default_value. */
typedef struct tarsier_config_key {
  uint32_t size;
  tarsier_key_type type;
  uint32_t flags;
  uint32_t reserved;
  const char *path;
  const char *default_value; /* as written in TOML without quotes, e.g. "15s"; NULL: no default */
  const char *choices;       /* strings: "http|https", or "@SERVICE": an instance that offers it; numbers, durations: "min..max", either may be empty; NULL: any */
  const char *doc;           /* one line, shown by `tarsier plugins info` and in the reference */
} tarsier_config_key;

/* ---- services that plugins offer and need ----------------------------------------------------------------------------- */

enum {
  /* Consumers hold nothing inside the provider between calls, so it can be replaced under them; without this flag those that
   * need the service are restarted when its provider is replaced. */
  TARSIER_OFFER_REBINDABLE = 1u << 0,
  /* Arguments are flat: the service may be used from a child process. */
  TARSIER_OFFER_REMOTABLE = 1u << 1
};
typedef struct tarsier_offer {
  uint32_t size;
  uint32_t flags;
  const char *name; /* "tarsier.samples.store/1" */
} tarsier_offer;

enum {
  TARSIER_NEED_OPTIONAL = 1u << 0 /* only orders the start; absence is no error */
};
typedef struct tarsier_need {
  uint32_t size;
  uint32_t flags;
  const char *name;
} tarsier_need;

/* ---- suggestions (since minor version 2) -------------------------------------------------------------------------------- */

/* What a plugin proposes to a person for this machine. Everything is valid during `add` only. */
typedef struct tarsier_suggestion {
  uint32_t size;
  uint32_t known_by_count;
  tarsier_str title; /* "PostgreSQL at 127.0.0.1:5432" */
  tarsier_str why;   /* what was seen: "postgres (process 812) listens there" */
  tarsier_str toml;  /* sections that `tarsier check` accepts, without [host]; also of other plugins, where these have to help */
  tarsier_str note;  /* what a person has still to do: install a package, make a user; "": nothing */
  /* Texts of which one is a value in a configuration that has this already: an address in each way that it may be written. Without any,
   * it is had by a configuration that has a section of this plugin. Such a suggestion is not shown. */
  const tarsier_str *known_by;
} tarsier_suggestion;

typedef struct tarsier_suggestions {
  uint32_t size;
  uint32_t reserved;
  void *user;
  void (*add)(void *user, const tarsier_suggestion *suggestion); /* copies it */
  int64_t deadline_ns; /* CLOCK_MONOTONIC; what was added until then counts, whatever happens later */
} tarsier_suggestions;

/* ---- the plugin -------------------------------------------------------------------------------------------------------- */

typedef struct tarsier_instance tarsier_instance; /* the plugin's own */

enum {
  TARSIER_PLUGIN_EXCLUSIVE = 1u << 0, /* old and new instance must not run side by side: an upgrade stops one, then starts the other */
  TARSIER_PLUGIN_PARALLEL = 1u << 1,  /* [work] calls of one instance may run at the same time */
  TARSIER_PLUGIN_SINGLETON = 1u << 2, /* at most one instance */
  /* Since minor version 2. Its configuration names files that it reads: a reload that somebody asks for checks and reconfigures it also when
   * the configuration itself is the same, and is refused when that fails. */
  TARSIER_PLUGIN_READS_FILES = 1u << 3
};

/* Static, constant data in the plugin file; valid while the file is loaded. */
typedef struct tarsier_plugin {
  uint32_t size;
  uint32_t flags;
  const char *id;                  /* "node": [a-z0-9-]+ */
  const char *version;             /* semantic version of the plugin */
  const char *summary;             /* one sentence */
  const char *const *kinds;        /* "collector", "notifier", ... ; NULL-terminated */
  const tarsier_need *const *needs;   /* NULL-terminated, or NULL */
  const tarsier_offer *const *offers; /* NULL-terminated, or NULL */
  const tarsier_config_key *const *schema; /* NULL-terminated, or NULL */
  const char *sample_toml;         /* a section that runs, e.g. "[plugin.node]\ninterval = \"15s\"\n" */

  /* [ctl] Makes an instance; `host` and `name` stay valid until destroy returns. Calls nothing of the host.
   * Returns NULL and fills `error` when it cannot. */
  tarsier_instance *(*create)(const tarsier_host *host, tarsier_str name, tarsier_error *error);
  /* [ctl] Checks the configuration and keeps what it needs; starts nothing. `config` is valid during the call. May be called
   * on an instance that is never started (`tarsier check`). */
  tarsier_status (*configure)(tarsier_instance *self, const tarsier_config_node *config, tarsier_error *error);
  /* [ctl] Registers timers, subscriptions, routes; services it offers answer from now on. On failure it leaves nothing behind.
   * May be called again after stop. */
  tarsier_status (*start)(tarsier_instance *self, tarsier_error *error);
  /* [ctl] Optional (NULL). Applies a new configuration while running, whole or not at all. TARSIER_UNSUPPORTED: the host replaces
   * the instance. */
  tarsier_status (*reconfigure)(tarsier_instance *self, const tarsier_config_node *config, tarsier_error *error);
  /* [ctl] No new work; flushes what was accepted; returns before `deadline_ns` (monotonic, tarsier.clock/1). The host has
   * already revoked the instance's timers, subscriptions and routes and waited for the calls in flight. */
  tarsier_status (*stop)(tarsier_instance *self, int64_t deadline_ns, tarsier_error *error);
  /* [ctl] Frees the instance; nothing of it may run afterwards. */
  void (*destroy)(tarsier_instance *self);
  /* [any] Optional (NULL). The service table of that name, or NULL. Asked once after start; valid until stop returns. */
  const void *(*get_service)(tarsier_instance *self, const char *name);
  /* [ctl] Optional (NULL). Since minor version 2. A successor of this instance runs beside it and has taken over its services; who holds
   * something in this one (an offer without REBINDABLE) is about to be started again with the successor. Takes nothing new from outside,
   * and returns when what was begun has been answered, or at `deadline_ns` (monotonic). An error is logged. stop follows, in any case. */
  tarsier_status (*hand_over)(tarsier_instance *self, int64_t deadline_ns, tarsier_error *error);
  /* [ctl] Optional (NULL). Since minor version 2. `tarsier doctor --discover` asks what of the plugin would be of use here: looks at this
   * machine, without an instance and without a host, changes nothing, and writes no file. It runs in a process of its own, which is ended
   * at the deadline: a plugin that hangs or crashes costs what it had not added yet. */
  tarsier_status (*suggest)(const tarsier_suggestions *to, tarsier_error *error);
} tarsier_plugin;

typedef struct tarsier_module {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;              /* of the header it was compiled with */
  const tarsier_plugin *const *plugins; /* NULL-terminated */
} tarsier_module;

#define TARSIER_MODULE_QUERY "tarsier_module_query"

/* The one exported function. [ctl] Called once after the file is loaded. Returns NULL when it does not speak that major version.
 * The answer is valid while the file is loaded. */
typedef const tarsier_module *(*tarsier_module_query_fn)(uint32_t abi_major);

#if defined(__GNUC__)
#define TARSIER_EXPORT __attribute__((visibility("default")))
#else
#define TARSIER_EXPORT
#endif

/* ---- the note --------------------------------------------------------------------------------------------------------- */

#define TARSIER_NOTE_SECTION ".note.tarsier"
#define TARSIER_NOTE_NAME "tarsier"
#define TARSIER_NOTE_TYPE 1u

/* The note's descriptor: fixed part, then lines "key=value\n": ids (comma-separated), kinds, version, build, aliases (former
 * ids of the first plugin, under which configurations may still name it). */
typedef struct tarsier_note_head {
  uint16_t abi_major;
  uint16_t abi_minor;      /* of the header it was compiled with */
  uint16_t min_host_minor; /* the oldest host minor version it runs on */
  uint16_t reserved;
} tarsier_note_head;

/* Puts the note into the file: once per plugin file, at file scope. All arguments are string literals. */
#define TARSIER_NOTE_FULL(ids, kinds, version, aliases, min_minor)                                                     \
  __attribute__((used, section(TARSIER_NOTE_SECTION), aligned(4))) static const struct {                               \
    uint32_t name_size, desc_size, type;                                                                               \
    char name[8];                                                                                                      \
    tarsier_note_head head;                                                                                            \
    char text[sizeof("ids=" ids "\nkinds=" kinds "\nversion=" version "\nbuild=" __VERSION__ "\naliases=" aliases "\n")];  \
  } tarsier_note_data = {                                                                                              \
      8u,                                                                                                              \
      (uint32_t)(sizeof(tarsier_note_head) +                                                                           \
                 sizeof("ids=" ids "\nkinds=" kinds "\nversion=" version "\nbuild=" __VERSION__ "\naliases=" aliases "\n")), \
      TARSIER_NOTE_TYPE,                                                                                               \
      TARSIER_NOTE_NAME,                                                                                               \
      {TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, min_minor, 0},                                                            \
      "ids=" ids "\nkinds=" kinds "\nversion=" version "\nbuild=" __VERSION__ "\naliases=" aliases "\n"}
#define TARSIER_NOTE(ids, kinds, version) TARSIER_NOTE_FULL(ids, kinds, version, "", 0)

#ifdef __cplusplus
}
#endif
#endif
