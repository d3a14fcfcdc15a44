/* tarsier/abi/storage.h - host service "tarsier.storage/1": all durable state of every plugin.
 *
 * An environment is a directory below the data directory with one LMDB file; its name is a path of [a-z0-9_.:T-] parts, such as
 * "samples/active" or "samples/2026-11-22T10". It holds named tables of ordered keys (1..511 bytes). Writes are transactions, handed to
 * the environment's one writer thread, which commits many together. Reads see a snapshot and never wait for writers. Every value
 * carries a checksum over table, key and value: a flipped bit is TARSIER_CORRUPT, never a wrong answer.
 */
#ifndef TARSIER_ABI_STORAGE_H
#define TARSIER_ABI_STORAGE_H
#include "module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_STORAGE_SERVICE "tarsier.storage/1"

/* A value of n * 4096 - TARSIER_VALUE_OVERHEAD bytes fills whole pages; one byte more costs another page. Values up to
 * TARSIER_SMALL_VALUE bytes share pages. */
#define TARSIER_VALUE_OVERHEAD 24
#define TARSIER_SMALL_VALUE 1990
#define TARSIER_KEY_MAX 511

typedef struct tarsier_env tarsier_env;           /* the host's; valid until close or destroy */
typedef struct tarsier_snapshot tarsier_snapshot; /* the host's; valid until end_read */
typedef struct tarsier_cursor tarsier_cursor;     /* the host's; valid until cursor_close, at latest end_read */
typedef struct tarsier_sealer tarsier_sealer;     /* the host's; valid until seal_finish or seal_abort */

typedef int32_t tarsier_durability;
enum {
  TARSIER_DURABILITY_DEFAULT = 0,  /* [host.storage] durability */
  TARSIER_DURABILITY_COMMIT = 1,   /* committed(): synced to the disk */
  TARSIER_DURABILITY_INTERVAL = 2  /* committed(): survives kill -9 of the process; synced to the disk within 100 ms */
};

enum {
  TARSIER_ENV_CREATE = 1u << 0,   /* make it when absent */
  TARSIER_ENV_SEALED = 1u << 1    /* read-only, made by seal_finish */
};
typedef struct tarsier_env_options {
  uint32_t size;
  uint32_t flags;
  tarsier_durability durability;
  uint32_t reserved;
  uint64_t quota_bytes; /* of this environment's file; 0: none but the host's and the disk's */
} tarsier_env_options;

typedef int32_t tarsier_op_kind;
enum {
  TARSIER_OP_PUT = 1,    /* insert or replace */
  TARSIER_OP_APPEND = 2, /* key must be above every key of the table: fastest, and fills pages */
  TARSIER_OP_DELETE = 3, /* absent is no error */
  TARSIER_OP_CLEAR = 4   /* all keys of the table */
};
typedef struct tarsier_op {
  uint32_t size;
  tarsier_op_kind kind;
  tarsier_str table; /* made when absent; at most 32 tables an environment */
  tarsier_bytes key;
  tarsier_bytes value;
} tarsier_op;

/* [any] A transaction's fate, on the writer thread: do little. OK by the durability of the environment; otherwise none of the
 * transaction's operations is there. `sequence` numbers the committed transactions of the environment. */
typedef void (*tarsier_committed_fn)(void *user, tarsier_status status, tarsier_str message, uint64_t sequence);

typedef struct tarsier_env_stat {
  uint32_t size;
  uint32_t flags;
  uint64_t file_bytes;   /* on the disk */
  uint64_t used_bytes;   /* of them in pages that hold data */
  uint64_t entries;      /* over all tables */
  uint64_t commits;
  uint64_t readers;      /* snapshots open */
  int64_t oldest_reader_ns; /* age of the oldest snapshot */
} tarsier_env_stat;

typedef struct tarsier_storage {
  uint32_t size;
  /* [ctl, work] Opens an environment, or shares the one that is open in this process. RESOURCE when full, UNAVAILABLE when another
   * process has it, CORRUPT when it does not verify, NOT_FOUND without CREATE. */
  tarsier_status (*open)(const tarsier_host *host, tarsier_str name, const tarsier_env_options *options, tarsier_env **out,
                         tarsier_error *error);
  /* [ctl, work] Waits until what was written is committed. All snapshots of this handle must have ended. */
  void (*close)(tarsier_env *env);
  /* [any] Hands over one transaction, all or nothing; everything is copied before it returns. OK: accepted, `committed` will be
   * called exactly once. AGAIN: the writer's queue is full. RESOURCE: quota or disk is full, refused before anything was written. */
  tarsier_status (*write)(tarsier_env *env, const tarsier_op *ops, uint32_t op_count, tarsier_committed_fn committed, void *user,
                          tarsier_error *error);
  /* [ctl, work] The same, and waits for the commit. */
  tarsier_status (*write_wait)(tarsier_env *env, const tarsier_op *ops, uint32_t op_count, tarsier_error *error);

  /* [work] A consistent view. End it soon: while it is open the environment cannot reuse pages. Usable from several threads, one at
   * a time. */
  tarsier_status (*begin_read)(tarsier_env *env, tarsier_snapshot **out, tarsier_error *error);
  void (*end_read)(tarsier_snapshot *snapshot);
  /* [work] The value, in the map without a copy, valid until end_read. NOT_FOUND, CORRUPT. */
  tarsier_status (*get)(tarsier_snapshot *snapshot, tarsier_str table, tarsier_bytes key, tarsier_bytes *value, tarsier_error *error);
  /* [work] A cursor before the first key. A table that does not exist is an empty one. */
  tarsier_status (*cursor_open)(tarsier_snapshot *snapshot, tarsier_str table, tarsier_cursor **out, tarsier_error *error);
  void (*cursor_close)(tarsier_cursor *cursor);
  /* [work] Positions at the first key >= `key`, the last key, the next, the previous one. NOT_FOUND at the end. A CORRUPT value does not
   * end the walk: the cursor stands on it, `key` is filled, the next call goes on. Valid until end_read. */
  tarsier_status (*seek)(tarsier_cursor *cursor, tarsier_bytes at, tarsier_bytes *key, tarsier_bytes *value, tarsier_error *error);
  tarsier_status (*last)(tarsier_cursor *cursor, tarsier_bytes *key, tarsier_bytes *value, tarsier_error *error);
  tarsier_status (*next)(tarsier_cursor *cursor, tarsier_bytes *key, tarsier_bytes *value, tarsier_error *error);
  tarsier_status (*previous)(tarsier_cursor *cursor, tarsier_bytes *key, tarsier_bytes *value, tarsier_error *error);

  /* [work] Starts to build a sealed environment under a temporary name; it appears, synced and whole, with seal_finish. */
  tarsier_status (*seal_begin)(const tarsier_host *host, tarsier_str name, tarsier_sealer **out, tarsier_error *error);
  /* [work] Keys of each table in ascending order; one table after the other or interleaved. */
  tarsier_status (*seal_append)(tarsier_sealer *sealer, tarsier_str table, tarsier_bytes key, tarsier_bytes value, tarsier_error *error);
  /* [work] Both end the sealer, whatever they return. Finish is refused (INVALID) when `name` exists. */
  tarsier_status (*seal_finish)(tarsier_sealer *sealer, tarsier_error *error);
  void (*seal_abort)(tarsier_sealer *sealer);

  /* [work] Starts a fresh file for an open, writable environment: later writes go to it, and what was there becomes the sealed
   * environment `to`. Snapshots go on reading what they read. */
  tarsier_status (*rotate)(tarsier_env *env, tarsier_str to, tarsier_error *error);
  /* [work] Removes an environment that this instance does not have open; other readers keep it until they close it. */
  tarsier_status (*remove)(const tarsier_host *host, tarsier_str name, tarsier_error *error);
  /* [work] Calls `each` for every environment whose name begins with `prefix`, in order. */
  tarsier_status (*list)(const tarsier_host *host, tarsier_str prefix, void *user, void (*each)(void *user, tarsier_str name),
                         tarsier_error *error);
  /* [work] */
  tarsier_status (*stat)(tarsier_env *env, tarsier_env_stat *out, tarsier_error *error);
  /* [work] Reads every value of an environment and reports each that does not verify to `each` (may be NULL); CORRUPT if there was one. */
  tarsier_status (*verify)(const tarsier_host *host, tarsier_str name, void *user,
                           void (*each)(void *user, tarsier_str table, tarsier_bytes key, tarsier_str what), tarsier_error *error);
  /* [work] A consistent copy of all environments below `prefix` into an empty or absent directory, while writing goes on. */
  tarsier_status (*backup)(const tarsier_host *host, tarsier_str prefix, tarsier_str directory, tarsier_error *error);

  /* [work] Since minor version 2. The same of the environments that are named, into "snapshots/<name>" below the data directory, which is itself
   * laid out as one; `name` has no slash and does not begin with a dot. What is not there any more is left out. `made` is told the absolute path,
   * on the calling thread. On error nothing is left, also after a crash. */
  tarsier_status (*snapshot)(const tarsier_host *host, tarsier_str name, const tarsier_str *environments, uint32_t count, void *user,
                             void (*made)(void *user, tarsier_str directory), tarsier_error *error);

  /* [work] Since minor version 2. Of an environment that nobody has open and that may be too damaged to open: every value of the tables that
   * verifies, wherever in the file it stands. In no order, perhaps several times, and perhaps with values that were replaced or removed, or never
   * committed. OK says that the file could be read, not that anything was found. What `each` is given is valid during the call. */
  tarsier_status (*salvage)(const tarsier_host *host, tarsier_str name, const tarsier_str *tables, uint32_t count, void *user,
                            void (*each)(void *user, tarsier_str table, tarsier_bytes key, tarsier_bytes value), tarsier_error *error);
  /* [work] Since minor version 2. Gives an environment that nobody has open another name, whole or not at all. INVALID when that exists, or when
   * other environments stand below it. */
  tarsier_status (*rename)(const tarsier_host *host, tarsier_str name, tarsier_str to, tarsier_error *error);
  /* [work] Since minor version 2. Waits until what was acknowledged before the call is on the disk, whatever the durability of the environment. On
   * error it is not sure to be. */
  tarsier_status (*sync)(tarsier_env *env, tarsier_error *error);
  /* [any] Since minor version 2. As write(), where nobody waits for `committed`: it is committed together with the next transaction that somebody
   * waits for, or after a hundredth of a second together with what has come till then. close() does not wait so long. */
  tarsier_status (*write_unhurried)(tarsier_env *env, const tarsier_op *ops, uint32_t op_count, tarsier_committed_fn committed, void *user,
                                    tarsier_error *error);
} tarsier_storage;
#ifdef __cplusplus
}
#endif
#endif
