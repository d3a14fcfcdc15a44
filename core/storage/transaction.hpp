// Transaction: a caller's operations, checked, copied and packed, on their way to the writer thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/storage/value_codec.hpp"
#include "tarsier/abi/storage.h"
#include "tarsier/result.hpp"

namespace tarsier::storage {

struct PackedOp {
  tarsier_op_kind kind;
  std::string_view table;
  std::string_view key;
  std::string_view stored;  // packed by the codec, in the sender's thread
};

struct Transaction {
  /// INVALID names the operation that could never be done.
  static Result<std::unique_ptr<Transaction>> pack(const tarsier_op* ops, uint32_t count, const ValueCodec& codec);

  std::vector<PackedOp> ops;
  std::unique_ptr<char[]> buffer;  // what the views of `ops` point into
  uint64_t bytes = 0;              // of tables, keys and values
  bool grows = false;              // puts something in
  bool unhurried = false;          // nobody waits for it

  tarsier_env* handle = nullptr;
  tarsier_committed_fn committed = nullptr;
  void* user = nullptr;

  tarsier_status status = TARSIER_OK;
  std::string message;
  void fail(const Error& error) {
    status = error.code();
    message = error.message();
  }
};

}  // namespace tarsier::storage
