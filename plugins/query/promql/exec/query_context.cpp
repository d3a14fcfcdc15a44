#include "plugins/query/promql/exec/query_context.hpp"

namespace tarsier::promql {

bool QueryContext::stopped() const noexcept {
  if (broken()) return true;
  if (cancel.cancelled != nullptr && cancel.cancelled(cancel.user) != 0) return true;
  return deadline_ns != 0 && mono_ns && mono_ns() >= deadline_ns;
}

Result<void> QueryContext::check() const {
  if (failed_.load(std::memory_order_acquire)) return Error(*failure_);
  if (too_many_.load(std::memory_order_relaxed))
    return Error(TARSIER_RESOURCE, "query processing would load too many samples into memory in query execution");
  if (cancel.cancelled != nullptr && cancel.cancelled(cancel.user) != 0)
    return Error(TARSIER_CANCELLED, "query was canceled in expression evaluation");
  if (deadline_ns != 0 && mono_ns && mono_ns() >= deadline_ns)
    return Error(TARSIER_DEADLINE, "query timed out in expression evaluation");
  return {};
}

tarsier_cancel QueryContext::store_cancel() noexcept {
  return {this, [](void* user) { return static_cast<const QueryContext*>(user)->stopped() ? 1 : 0; }};
}

void QueryContext::fail(Error error) {
  const std::lock_guard lock(annotations_);
  if (failure_) return;
  failure_ = std::move(error);
  failed_.store(true, std::memory_order_release);
}

Result<void> QueryContext::hold(uint64_t samples) {
  const uint64_t now = held_.fetch_add(samples, std::memory_order_relaxed) + samples;
  uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  if (now > limits.max_samples) too_many_.store(true, std::memory_order_relaxed);
  return check();
}

Result<void> QueryContext::room_for(uint64_t samples) {
  const uint64_t held = held_.load(std::memory_order_relaxed);
  if (held > limits.max_samples || samples > limits.max_samples - held) too_many_.store(true, std::memory_order_relaxed);
  return check();
}

void QueryContext::annotate(std::set<std::string>& set, std::string_view prefix, std::string_view text, Position position) {
  const std::string full = std::string(prefix) + std::string(text) + " (" + line_column(query, position.start) + ")";
  const std::lock_guard lock(annotations_);
  set.insert(full);
}

tarsier_warnings QueryContext::store_warnings() noexcept {
  return {this, [](void* user, tarsier_str text) { static_cast<QueryContext*>(user)->add_warning(std::string(view(text))); }};
}

void QueryContext::add_warning(std::string text) {
  const std::lock_guard lock(annotations_);
  warnings_.insert(std::move(text));
}

}  // namespace tarsier::promql
