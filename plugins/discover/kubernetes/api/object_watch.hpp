// ObjectWatch: the objects of one scope as the API server has them: a list, and then a watch that goes on from where the list ends.
// Several configurations may look through one.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/discover/kubernetes/api/answers.hpp"
#include "plugins/discover/kubernetes/api/api_client.hpp"
#include "plugins/discover/kubernetes/api/line_reader.hpp"
#include "tarsier/metrics.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::discover_kubernetes {

class WatchListener {
 public:
  virtual ~WatchListener() = default;
  /// [work] Objects with these keys are others now, or no more. Also called, perhaps with none, when a list has been taken.
  virtual void changed(Kind kind, const std::vector<std::string>& keys) = 0;
  /// [work] How an attempt to look at the scope ended.
  virtual void looked(const Scope& scope, const Result<void>& outcome) = 0;
};

/// One question is under way at a time, and each answer asks the next.
class ObjectWatch : public std::enable_shared_from_this<ObjectWatch> {
 public:
  ObjectWatch(const Host& host, Scope scope);

  const Scope& scope() const noexcept { return scope_; }
  /// [ctl] With the first listener it begins to look, with the last one it ends for good.
  void join(const std::shared_ptr<WatchListener>& listener);
  void leave(const std::shared_ptr<WatchListener>& listener);
  bool is_over() const;

  /// [any] Whether a list has been taken as a whole.
  bool synced() const;
  /// [any] nullptr when there is none.
  ObjectPtr find(const std::string& key) const;
  std::vector<std::string> keys() const;

 private:
  using Objects = std::unordered_map<std::string, ObjectPtr>;
  using Keys = std::vector<std::string>;
  using Left = std::vector<Timer>;  // what is to be destroyed without the lock: their jobs take it
  enum class Next : uint8_t { list, watch };

  void begin(Next next);
  void ask_page();
  void take_page(const Result<http::Response>& response);
  void take_list();
  void ask_watch();
  void keep(http::Stream stream, uint64_t number);
  Result<void> take_piece(const http::Response& head, std::string_view piece);
  Result<void> take_line(std::string_view line, Keys& changed);
  void apply(Event event, Keys& changed);
  void watch_ended(const Result<http::Response>& response);
  /// Asks again after a pause that grows with failures.
  void fail(Error why, Next next);
  void again(Next next, int64_t delay_ns);
  int64_t pause_ns();

  void tell_changed(const Keys& keys) const;
  void tell_looked(const Result<void>& outcome) const;
  std::vector<std::shared_ptr<WatchListener>> listeners() const;
  bool stopped() const;

  const Host& host_;
  const Scope scope_;
  const ApiClient client_;
  const Counter added_, updated_, deleted_, failed_;

  // Of the question that is under way: touched by its answer only.
  Objects listed_;
  std::string next_page_;
  uint32_t pages_ = 0;
  bool all_at_once_ = false;  // pages expire when a list takes too long
  LineReader lines_;
  std::string refusal_body_;
  bool watch_begun_ = false;
  bool watch_told_ = false;  // something that counts
  bool gone_ = false;
  int64_t asked_mono_ns_ = 0;
  uint64_t watch_number_ = 0;
  uint32_t failures_ = 0;  // in a row
  std::minstd_rand random_;

  mutable std::mutex lock_;  // guards what follows
  std::vector<std::weak_ptr<WatchListener>> listeners_;
  Objects objects_;
  std::string version_;
  bool synced_ = false;
  bool over_ = false;
  http::Stream stream_;  // the watch of this number
  uint64_t stream_number_ = 0;
  Timer timer_;
};

/// All that are looked through, so that what several configurations want is watched once.
class ObjectWatches {
 public:
  explicit ObjectWatches(const Host& host) : host_(host) {}
  /// [ctl]
  std::shared_ptr<ObjectWatch> get(const Scope& scope);

 private:
  const Host& host_;
  std::vector<std::weak_ptr<ObjectWatch>> watches_;
};

}  // namespace tarsier::discover_kubernetes
