// For tests of batches: the bytes of one, to be looked at and damaged.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "tarsier/batch.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::batch {

/// A finished batch in aligned memory.
class Bytes {
 public:
  template <class Builder>
  explicit Bytes(Builder& builder) {
    builder.finish(7, [this](Assembly& assembly) {
      size_ = assembly.size();
      words_.assign(size_ / 8 + 1, 0);
      assembly.write(data());
      return 0;
    });
  }
  uint8_t* data() { return reinterpret_cast<uint8_t*>(words_.data()); }
  std::span<const uint8_t> span() const { return {reinterpret_cast<const uint8_t*>(words_.data()), size_}; }
  tarsier_batch_head& head() { return *reinterpret_cast<tarsier_batch_head*>(data()); }
  tarsier_column& column(uint32_t id) {
    auto* table = reinterpret_cast<tarsier_column*>(data() + sizeof(tarsier_batch_head));
    for (uint32_t i = 0; i < head().column_count; ++i)
      if (table[i].id == id) return table[i];
    throw std::out_of_range("no such column");
  }
  uint32_t* values(uint32_t id) { return reinterpret_cast<uint32_t*>(data() + column(id).offset); }

 private:
  std::vector<uint64_t> words_;
  uint64_t size_ = 0;
};

inline std::string why(const Bytes& bytes) {
  const auto verified = verify(bytes.span());
  return verified ? "accepted" : verified.error().message();
}

}  // namespace tarsier::batch
