#include "core/storage/lmdb_error.hpp"

#include <lmdb.h>

#include "core/storage/files.hpp"

namespace tarsier::storage {

Error lmdb_error(int code, std::string_view what) {
  if (code > 0) return system_error(code, what);
  tarsier_status status = TARSIER_INTERNAL;
  switch (code) {
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case MDB_DBS_FULL:
      status = TARSIER_RESOURCE;
      break;
    case MDB_READERS_FULL:
      status = TARSIER_AGAIN;
      break;
    case MDB_PANIC:
      status = TARSIER_UNAVAILABLE;
      break;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
      status = TARSIER_CORRUPT;
      break;
    case MDB_KEYEXIST:
    case MDB_BAD_VALSIZE:
    case MDB_INCOMPATIBLE:
      status = TARSIER_INVALID;
      break;
    case MDB_NOTFOUND:
      status = TARSIER_NOT_FOUND;
      break;
    default:
      break;
  }
  return {status, std::string(what) + ": " + mdb_strerror(code)};
}

}  // namespace tarsier::storage
