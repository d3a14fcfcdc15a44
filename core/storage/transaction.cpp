#include "core/storage/transaction.hpp"

#include <cstring>
#include <limits>

#include "core/storage/env_name.hpp"

namespace tarsier::storage {
namespace {

constexpr uint64_t kMaxValueSize = std::numeric_limits<uint32_t>::max() / 2;

/// Operations as a caller of another minor version lays them out: `size` bytes apart.
const tarsier_op& op_at(const tarsier_op* ops, uint32_t index) noexcept {
  return *reinterpret_cast<const tarsier_op*>(reinterpret_cast<const char*>(ops) + size_t{index} * ops->size);
}

Result<void> check(const tarsier_op& op, uint32_t index) {
  const auto refused = [index](const std::string& why) {
    return Error::invalid("operation " + std::to_string(index) + ": " + why);
  };
  if (op.kind < TARSIER_OP_PUT || op.kind > TARSIER_OP_CLEAR) return refused("unknown kind " + std::to_string(op.kind));
  if (auto ok = check_table_name(view(op.table)); !ok) return refused(ok.error().message());
  if (op.kind == TARSIER_OP_CLEAR) return {};
  if (op.key.size == 0 || op.key.size > TARSIER_KEY_MAX) {
    return refused("key of " + std::to_string(op.key.size) + " bytes: expected 1 to " + std::to_string(TARSIER_KEY_MAX));
  }
  if (op.kind != TARSIER_OP_DELETE && op.value.size > kMaxValueSize) {
    return refused("value of " + std::to_string(op.value.size) + " bytes: expected at most " + std::to_string(kMaxValueSize));
  }
  return {};
}

bool has_value(const tarsier_op& op) noexcept { return op.kind == TARSIER_OP_PUT || op.kind == TARSIER_OP_APPEND; }
bool has_key(const tarsier_op& op) noexcept { return op.kind != TARSIER_OP_CLEAR; }

}  // namespace

Result<std::unique_ptr<Transaction>> Transaction::pack(const tarsier_op* ops, uint32_t count, const ValueCodec& codec) {
  if (count > 0 && ops->size < sizeof(tarsier_op)) return Error::invalid("operations carry an impossible size");
  auto packed = std::make_unique<Transaction>();
  for (uint32_t i = 0; i < count; ++i) {
    const tarsier_op& op = op_at(ops, i);
    if (auto ok = check(op, i); !ok) return std::move(ok).error();
    packed->bytes += op.table.size + (has_key(op) ? op.key.size : 0) + (has_value(op) ? op.value.size + codec.overhead() : 0);
    packed->grows = packed->grows || has_value(op);
  }
  packed->buffer.reset(new char[packed->bytes]);  // not value-initialised: every byte is written below
  packed->ops.reserve(count);
  char* at = packed->buffer.get();
  const auto copy = [&at](std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    const std::string_view copied(at, text.size());
    at += text.size();
    return copied;
  };
  for (uint32_t i = 0; i < count; ++i) {
    const tarsier_op& op = op_at(ops, i);
    PackedOp& out = packed->ops.emplace_back();
    out.kind = op.kind;
    out.table = copy(view(op.table));
    if (has_key(op)) out.key = copy(view(op.key));
    if (has_value(op)) {
      codec.pack(out.table, out.key, view(op.value), at);
      out.stored = {at, static_cast<size_t>(op.value.size) + codec.overhead()};
      at += out.stored.size();
    }
  }
  return packed;
}

}  // namespace tarsier::storage
