// MessageWriter: the message of one request, series by series, in the form of remote write 1.0 or 2.0.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plugins/forward/remote_write/settings.hpp"
#include "tarsier/batch_builder.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::forward {

struct SeriesMetadata {
  uint32_t type = TARSIER_SERIES_UNKNOWN;
  std::string_view help, unit;
  uint32_t name_tail = 0;  // of the metric's name, that is not its family's; 0: what the type says
  bool any() const noexcept { return type != TARSIER_SERIES_UNKNOWN || !help.empty() || !unit.empty(); }
};

/// Begin a series, write its rows in the order of time, end it. Can be used again after finish().
class MessageWriter {
 public:
  virtual ~MessageWriter() = default;
  /// `labels` are sorted by name; all are copied.
  virtual void begin_series(std::span<const batch::Label> labels, const SeriesMetadata& metadata) = 0;
  /// `start_ms` 0: none.
  virtual void sample(int64_t time_ms, double value, int64_t start_ms) = 0;
  virtual void histogram(int64_t time_ms, const NativeHistogram& histogram, int64_t start_ms) = 0;
  virtual void exemplar(int64_t time_ms, double value, std::span<const batch::Label> labels) = 0;
  virtual void end_series() = 0;
  /// Of the message so far, about.
  virtual size_t size() const noexcept = 0;
  /// The message; the writer is empty again.
  virtual std::string finish() = 0;
};

std::unique_ptr<MessageWriter> make_writer(Message message);

/// The number that both versions have for a TARSIER_SERIES_* type.
uint64_t metric_type(uint32_t series_type) noexcept;

}  // namespace tarsier::forward
