// The writers of both versions.
#pragma once

#include <deque>
#include <unordered_map>

#include "plugins/forward/remote_write/message_writer.hpp"
#include "plugins/lib/protobuf_wire/wire_writer.hpp"

namespace tarsier::forward {

class MessageV1 final : public MessageWriter {
 public:
  void begin_series(std::span<const batch::Label> labels, const SeriesMetadata& metadata) override;
  void sample(int64_t time_ms, double value, int64_t start_ms) override;
  void histogram(int64_t time_ms, const NativeHistogram& histogram, int64_t start_ms) override;
  void exemplar(int64_t time_ms, double value, std::span<const batch::Label> labels) override;
  void end_series() override;
  size_t size() const noexcept override { return message_.bytes().size(); }
  std::string finish() override;

 private:
  protobuf::WireWriter message_, series_, part_;
};

class MessageV2 final : public MessageWriter {
 public:
  MessageV2() { begin_symbols(); }
  void begin_series(std::span<const batch::Label> labels, const SeriesMetadata& metadata) override;
  void sample(int64_t time_ms, double value, int64_t start_ms) override;
  void histogram(int64_t time_ms, const NativeHistogram& histogram, int64_t start_ms) override;
  void exemplar(int64_t time_ms, double value, std::span<const batch::Label> labels) override;
  void end_series() override;
  size_t size() const noexcept override { return all_series_.bytes().size() + symbol_bytes_; }
  std::string finish() override;

 private:
  void begin_symbols();
  uint32_t symbol(std::string_view text);
  void write_refs(protobuf::WireWriter& out, std::span<const batch::Label> labels);
  void note_start(int64_t start_ms);

  std::deque<std::string> symbols_;
  std::unordered_map<std::string_view, uint32_t> numbers_;  // keys point into symbols_
  size_t symbol_bytes_ = 0;
  std::vector<uint8_t> refs_;
  protobuf::WireWriter all_series_, series_, part_;
  SeriesMetadata metadata_;  // of the series that is written; its texts are the caller's, until end_series()
  int64_t created_ms_ = 0;   // of the same: the first start
};

}  // namespace tarsier::forward
