import { createApp } from 'vue';
import './style/base.css';
import './state/theme';
import App from './App.vue';
import { speak } from './i18n';
import { feeds } from './state/feeds';
import { load } from './state/memory';
import { route } from './state/route';
import { begin } from './state/session';

// Whoever was signed in most likely still is: who they are and what they look at are asked for at once.
begin();
if (load('known', false, (value) => value === true) && route.view !== 'account' && route.view !== 'inputs')
    feeds.refresh();

speak().finally(() => createApp(App).mount('#app'));
