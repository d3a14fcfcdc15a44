#include "plugins/query/promql/api/turns.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "plugins/query/promql/api/envelope.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kJobDeadlineNs = 150'000'000'000;  // above the time of queries by default, as HTTP has it

}  // namespace

/// A place in the gate and the request that has it. One whose job is dropped, because the instance ends, is refused, and all that
/// wait with it.
class Turns::Place {
 public:
  Place(QueryGate& gate, const http::Request& request, const http::Exchange& exchange)
      : gate_(gate), request_(request), exchange_(exchange) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (!used_) {
      refuse(exchange_, Error::unavailable("this part is being restarted"));
      gate_.close();
    }
    gate_.leave();
  }
  void use(const Handler& handler, const Turn& turn) {
    used_ = true;
    handler(request_, exchange_, turn);
  }

 private:
  QueryGate& gate_;
  const http::Request request_;
  const http::Exchange exchange_;
  bool used_ = false;
};

std::string_view address_of(std::string_view remote) { return remote.substr(0, remote.rfind(':')); }

Turns::Turns(const Host& host, QueryGate& gate) : host_(host), gate_(gate) {
  gate_.on_waiting([this](int64_t mono_ns) { wake_at(mono_ns); });
}

Turns::~Turns() {
  gate_.close();
  Timer ending;
  const std::lock_guard lock(timer_mutex_);
  std::swap(ending, timer_);
}

void Turns::take(const http::Request& request, const http::Exchange& exchange, const Handler& handler) {
  const int64_t since_ns = host_.mono_ns();
  const std::string_view client = address_of(view(request.raw()->remote));
  const bool now = gate_.enter(client, [this, request, exchange, handler, client, since_ns](const Result<void>& outcome) {
    if (!outcome) return refuse(exchange, outcome.error());
    begin(std::make_shared<Place>(gate_, request, exchange), handler, {client, host_.mono_ns() - since_ns});
  });
  if (!now) return;
  const auto place = std::make_shared<Place>(gate_, request, exchange);
  place->use(handler, {client, 0, place});
}

/// On a worker of its own: who left the gate has an answer to finish.
void Turns::begin(const std::shared_ptr<Place>& place, const Handler& handler, const Turn& turn) {
  const auto run = [place, handler, turn] { place->use(handler, {turn.client, turn.waited_ns, place}); };
  const auto posted = post(host_, {.name = "query", .deadline_ns = kJobDeadlineNs}, run);
  if (!posted && posted.error().code() == TARSIER_AGAIN) run();  // too many jobs of this instance wait for a worker
}

void Turns::wake_at(int64_t mono_ns) {
  Timer before;  // ends outside of the lock, which a running callback may want
  const std::lock_guard lock(timer_mutex_);
  if (mono_ns == 0 || (timer_at_ns_ != 0 && timer_at_ns_ <= mono_ns)) return;
  auto timer =
      after(host_, "queries that wait too long", std::max<int64_t>(mono_ns - host_.mono_ns(), 0), [this] { refuse_late(); });
  if (!timer) return;  // the instance ends, and with it the wait
  timer_at_ns_ = mono_ns;
  before = std::exchange(timer_, std::move(*timer));
}

void Turns::refuse_late() {
  {
    const std::lock_guard lock(timer_mutex_);
    timer_at_ns_ = 0;
  }
  wake_at(gate_.refuse_late());
}

}  // namespace tarsier::promql
