// FairTasks: tasks of many clients in one queue. Clients take turns, each in the order of its tasks, so that nobody waits behind
// all that another one has sent.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tarsier::net {

class FairTasks {
 public:
  using Task = std::function<void()>;

  bool empty() const noexcept { return count_ == 0; }
  size_t size() const noexcept { return count_; }

  /// A number by which take_back() knows it.
  uint64_t push(std::string_view client, Task task) {
    auto& tasks = by_client_[std::string(client)];
    if (tasks.empty()) turns_.emplace_back(client);
    tasks.push_back({++pushed_, std::move(task)});
    ++count_;
    return pushed_;
  }
  /// The first task of the client whose turn it is; there must be one.
  Task pop() {
    std::string client = std::move(turns_.front());
    turns_.pop_front();
    const auto found = by_client_.find(client);
    Task task = std::move(found->second.front().task);
    found->second.pop_front();
    if (found->second.empty()) {
      by_client_.erase(found);
    } else {
      turns_.push_back(std::move(client));
    }
    --count_;
    return task;
  }
  /// Forgets a task; false when it does not wait any more.
  bool take_back(std::string_view client, uint64_t number) {
    const auto found = by_client_.find(std::string(client));
    if (found == by_client_.end()) return false;
    if (std::erase_if(found->second, [&](const Numbered& one) { return one.number == number; }) == 0) return false;
    --count_;
    if (!found->second.empty()) return true;
    by_client_.erase(found);
    std::erase(turns_, client);
    return true;
  }

 private:
  struct Numbered {
    uint64_t number;
    Task task;
  };
  std::unordered_map<std::string, std::deque<Numbered>> by_client_;  // none is empty
  std::deque<std::string> turns_;                                    // those of by_client_, the next one in front
  size_t count_ = 0;
  uint64_t pushed_ = 0;
};

}  // namespace tarsier::net
