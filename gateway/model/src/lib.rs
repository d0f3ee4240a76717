//! The words of the product as types: ids, paths, collections, tasks, orders.
